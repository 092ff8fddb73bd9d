// The four values of Accept that make a difference, with weights as in origin/negotiation.py.
const LONGEST = 4096;
const MOST_ELEMENTS = 64;
const WORD = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const PARAMETER = `(${WORD})=(${WORD}|"[^"\\\\]*(?:\\\\.[^"\\\\]*)*")`;
const RANGE = new RegExp(`^[ \\t]*(${WORD}/${WORD})((?:[ \\t]*;[ \\t]*(?:${PARAMETER})?)*)[ \\t]*$`);
const QVALUE = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;

// Who likes WebP better than AVIF gets WebP.
export function reduced(field) {
    const weights = ranges(field);
    const avif = weights.get('image/avif') || 0, webp = weights.get('image/webp') || 0;
    if (avif > 0 && avif >= webp) return webp > 0 ? 'image/avif,image/webp' : 'image/avif';
    return webp > 0 ? 'image/webp' : '*/*';
}

function ranges(field) {
    if (field.length > LONGEST) {
        field = field.slice(0, LONGEST);
        field = field.slice(0, Math.max(0, field.lastIndexOf(',')));
    }
    const weights = new Map();
    const elements = field.match(/(?:[^",]+|"[^"\\]*(?:\\.[^"\\]*)*"?)+/g) || [];
    for (const element of elements.slice(0, MOST_ELEMENTS)) {
        const range = RANGE.exec(element);
        const q = range && weight(range[2]);
        if (q === null) continue;
        const type = range[1].toLowerCase();
        weights.set(type, Math.min(q, weights.get(type) ?? q));
    }
    return weights;
}

// Null for what breaks the grammar or names a narrower type.
function weight(text) {
    const parameters = text.split(';').map((one) => one.trim()).filter((one) => one);
    if (!parameters.length) return 1;
    const q = parameters.length === 1 && /^q=(.*)$/i.exec(parameters[0]);
    return q && QVALUE.test(q[1]) ? parseFloat(q[1]) : null;
}
