// What a path says: its signature, what was signed, the picture, and a format if it names one.

// rest: empty where there is none.
export function parted(path) {
    const end = path.indexOf('/', 1);
    if (end < 0) return { signature: path.slice(1), rest: '' };
    return { signature: path.slice(1, end), rest: path.slice(end) };
}

// What proxies and browsers do to a URL, undone, as signing/repair.py does it.
export function repaired(rest) {
    const plain = rest.indexOf('/plain/');
    if (plain < 0) return rest.replace(/%3a/gi, ':');
    const source = rest.slice(plain + 7);
    const merged = /^([A-Za-z][A-Za-z0-9+.-]*):\/(?=[^/])/.exec(source);
    const whole = merged
        ? merged[1] + (merged[1] === 'local' ? ':///' : '://') + source.slice(merged[0].length)
        : source;
    return rest.slice(0, plain).replace(/%3a/gi, ':') + '/plain/' + whole;
}

// The format behind the source, or nothing. A URL that has one is the same for everybody.
export function format(rest) {
    return written(rest).format;
}

// The reference of the source, however it is written; what cannot be read stands for itself.
export function source(rest) {
    const { plain, text } = written(rest);
    try {
        return plain ? decodeURIComponent(text) : decoded(text.replace(/=+$/, ''));
    } catch {
        return text;
    }
}

function written(unrepaired) {
    const rest = repaired(unrepaired);
    const at = rest.indexOf('/plain/');
    const whole = at >= 0 ? rest.slice(at + 7) : tail(rest);
    const end = whole.lastIndexOf(at >= 0 ? '@' : '.');
    return {
        plain: at >= 0,
        text: end < 0 ? whole : whole.slice(0, end),
        format: end < 0 ? '' : whole.slice(end + 1),
    };
}

// What follows the options: base64, in one piece or several.
function tail(rest) {
    const segments = rest.split('/').slice(1);
    const end = segments.findIndex((segment) => !segment.includes(':') && segment !== '-');
    return end < 0 ? '' : segments.slice(end).join('');
}

function decoded(text) {
    const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const reference = new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
    if (!reference.includes('://')) throw new Error('no reference');
    return reference;
}
