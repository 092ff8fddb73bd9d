// Which origins are asked, in turn: by rendezvous hashing, so that all sizes of a picture meet in one memory,
// every Worker makes the same choice without a word to others, and when an origin goes its pictures alone move.

// Two at home, then one in the other region. home, away: comma lists of `https://name`.
export function order(source, home, away) {
    return [...ranked(source, home).slice(0, 2), ...ranked(source, away).slice(0, 1)];
}

function ranked(source, list) {
    const origins = (list || '').split(',').map((origin) => origin.trim()).filter((origin) => origin);
    const weighed = origins.map((origin) => ({ origin, weight: hash(`${origin} ${source}`) }));
    return weighed.sort((one, other) => other.weight - one.weight).map(({ origin }) => origin);
}

// FNV-1a, then mixed: its highest bits hardly depend on the last letters.
function hash(text) {
    let mixed = 0x811c9dc5;
    for (let at = 0; at < text.length; at++) mixed = Math.imul(mixed ^ text.charCodeAt(at), 0x01000193);
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
}
