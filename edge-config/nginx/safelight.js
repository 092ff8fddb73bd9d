// What nginx has to know of a signed path: whether the signature is right, what the picture is, and
// which formats the client reads. The same decisions as in signing/ and origin/negotiation.py, held
// to them by ../vectors.json.
import crypto from 'crypto';

const LONGEST_ACCEPT = 4096;
const MOST_ELEMENTS = 64;
const FEWEST_BYTES = 16;
const MOST_BYTES = 32;

const PAIRS = pairs(process.env.SAFELIGHT_KEYS || '', process.env.SAFELIGHT_SALTS || '');

function pairs(keys, salts) {
    if (!keys.trim()) return [];  // the origins check
    const salt = salts.split(',').map(hex);
    const key = keys.split(',').map(hex);
    if (salt.length !== key.length) throw new Error('SAFELIGHT_SALTS: expected as many as SAFELIGHT_KEYS');
    return key.map((value, index) => ({ key: value, salt: salt[index] }));
}

function hex(text) {
    if (!/^([0-9a-fA-F]{2})+$/.test(text.trim())) throw new Error('SAFELIGHT_KEYS, _SALTS: expected hex digits');
    return Buffer.from(text.trim(), 'hex');
}

// Why the path is refused, as X-Safelight-Error says it; empty if it is not.
function refusal(r) {
    return PAIRS.length ? check(r.variables.safelight_path) : '';
}

function check(path) {
    const end = path.indexOf('/', 1);
    const signature = path.slice(1, end < 0 ? undefined : end);
    if (!signature || /:|%3a/i.test(signature) || end < 0) return 'signature_missing';
    const given = Buffer.from(signature, 'base64url');
    // One spelling only: no padding, no stray characters, no spare bits in the last one.
    if (given.toString('base64url') !== signature) return 'signature_malformed';
    if (given.length < FEWEST_BYTES || given.length > MOST_BYTES) return 'signature_length';
    const rest = repaired(path.slice(end));
    const found = PAIRS.map((pair) => matches(pair, rest, given));
    return found.some((one) => one) ? '' : 'signature_mismatch';
}

function matches(pair, rest, given) {
    const made = crypto.createHmac('sha256', pair.key).update(pair.salt).update(rest).digest();
    let difference = 0;
    for (let at = 0; at < given.length; at++) difference |= made[at] ^ given[at];
    return difference === 0;
}

// A signature can be cut to many lengths, and a colon be spelt in three ways. Only what was signed is
// a name; but where signatures are not checked here, they have to be part of it.
function name(r) {
    const path = r.variables.safelight_path;
    return PAIRS.length ? repaired(path.slice(path.indexOf('/', 1))) : path;
}

// What proxies and browsers do to a URL, undone, as signing/repair.py does it.
function repaired(rest) {
    const plain = rest.indexOf('/plain/');
    if (plain < 0) return rest.replace(/%3a/gi, ':');
    const source = rest.slice(plain + 7);
    const merged = /^([A-Za-z][A-Za-z0-9+.-]*):\/(?=[^\/])/.exec(source);
    const whole = merged
        ? merged[1] + (merged[1] === 'local' ? ':///' : '://') + source.slice(merged[0].length)
        : source;
    return rest.slice(0, plain).replace(/%3a/gi, ':') + '/plain/' + whole;
}

// The reference of the source, however it is written; what cannot be read stands for itself.
function source(r) {
    const found = parts(r);
    try {
        return found.plain ? decodeURIComponent(found.text) : decoded(found.text.replace(/=+$/, ''));
    } catch (e) {
        return found.text;
    }
}

// How the source is written, and the format behind it if the URL names one.
function parts(r) {
    const path = r.variables.safelight_path;
    const rest = repaired(path.slice(path.indexOf('/', 1)));
    const plain = rest.indexOf('/plain/');
    const written = plain >= 0 ? rest.slice(plain + 7) : tail(rest);
    const end = written.lastIndexOf(plain >= 0 ? '@' : '.');
    return {
        plain: plain >= 0,
        text: end < 0 ? written : written.slice(0, end),
        format: end < 0 ? '' : written.slice(end + 1),
    };
}

function decoded(text) {
    const reference = Buffer.from(text, 'base64url').toString();
    if (reference.indexOf('://') < 0) throw new Error('no reference');
    return reference;
}

// What follows the options: base64, in one piece or several.
function tail(rest) {
    const segments = rest.split('/').slice(1);
    let at = 0;
    while (at < segments.length && (segments[at].indexOf(':') >= 0 || segments[at] === '-')) at++;
    return segments.slice(at).join('');
}

const WORD = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const PARAMETER = '(' + WORD + ')=(' + WORD + '|"[^"\\\\]*(?:\\\\.[^"\\\\]*)*")';
const RANGE = new RegExp('^[ \\t]*(' + WORD + '/' + WORD + ')((?:[ \\t]*;[ \\t]*(?:' + PARAMETER + ')?)*)[ \\t]*$');
const QVALUE = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;

// The four values of Accept that make a difference. Who likes WebP better than AVIF gets WebP; a URL
// that ends in a format is the same for everybody.
function accept(r) {
    if (parts(r).format) return '*/*';
    const weights = read(r.headersIn['Accept'] || '');
    const avif = weights['image/avif'] || 0, webp = weights['image/webp'] || 0;
    if (avif > 0 && avif >= webp) return webp > 0 ? 'image/avif,image/webp' : 'image/avif';
    return webp > 0 ? 'image/webp' : '*/*';
}

function read(field) {
    if (field.length > LONGEST_ACCEPT) {
        field = field.slice(0, LONGEST_ACCEPT);
        field = field.slice(0, Math.max(0, field.lastIndexOf(',')));
    }
    const weights = {};
    const elements = field.match(/(?:[^",]+|"[^"\\]*(?:\\.[^"\\]*)*"?)+/g) || [];
    elements.slice(0, MOST_ELEMENTS).forEach((element) => {
        const range = RANGE.exec(element);
        const q = range && weight(range[2]);
        if (q === null || q === undefined) return;
        const type = range[1].toLowerCase();
        weights[type] = type in weights ? Math.min(q, weights[type]) : q;
    });
    return weights;
}

function weight(text) {
    const parameters = text.split(';').map((one) => one.trim()).filter((one) => one);
    if (!parameters.length) return 1;
    const q = parameters.length === 1 && /^q=(.*)$/i.exec(parameters[0]);
    return q && QVALUE.test(q[1]) ? parseFloat(q[1]) : null;
}

// Seconds: the origin's, and those that the copy has lain here since.
function age(r) {
    const made = Date.parse(r.variables.upstream_http_date);
    const before = parseInt(r.variables.upstream_http_age, 10) || 0;
    return isNaN(made) ? '' : String(before + Math.max(0, Math.floor((Date.now() - made) / 1000)));
}

export default { refusal, name, source, accept, age };
