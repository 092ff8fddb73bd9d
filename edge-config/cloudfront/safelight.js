// CloudFront, viewer request, JavaScript runtime 2.0: a bad signature ends here, and all spellings of
// a picture become one. The same decisions as in signing/ and origin/negotiation.py.
//
// Tried: with the vectors of ../vectors.json under Node and njs, as CloudFront's language is njs's kind
// (no destructuring, no spread, no `await` in arguments). Not tried: CloudFront.
import cf from 'cloudfront';
const crypto = require('crypto');

const LONGEST_ACCEPT = 4096;
const MOST_ELEMENTS = 64;
const FEWEST_BYTES = 16;
const MOST_BYTES = 32;

// What throws in here is an error page of CloudFront's: without keys nobody gets a picture.
async function handler(event) {
    const request = event.request;
    if (request.uri === '/robots.txt') return answer(200, 'OK', 'User-agent: *\nAllow: /\n');
    const kept = await cf.kvs().get('pairs');
    const pairs = read(kept);
    const refusal = check(request.uri, pairs);
    if (refusal) return refused(refusal);
    const rest = repaired(request.uri.slice(request.uri.indexOf('/', 1)));
    // Signed again, by the first pair and at full length: rotated, shortened and mangled signatures
    // of a path are one key, and the origins still check.
    request.uri = '/' + sign(pairs[0], rest).toString('base64url') + rest;
    request.querystring = {};
    request.cookies = {};
    request.headers.accept = { value: reduced(rest, field(request.headers.accept)) };
    return request;
}

function answer(status, description, text) {
    return {
        statusCode: status,
        statusDescription: description,
        headers: { 'content-type': { value: 'text/plain; charset=utf-8' } },
        body: { encoding: 'text', data: text },
    };
}

function refused(refusal) {
    const made = answer(403, 'Forbidden', 'The signature is not right\n');
    made.headers['cache-control'] = { value: 'no-store' };
    made.headers['x-safelight-error'] = { value: refusal };
    return made;
}

// `key:salt,key:salt` in hex: one value, so that keys and salts are always of one rotation.
function read(text) {
    return text.split(',').map((pair) => {
        const parts = pair.trim().split(':').map(hex);
        if (parts.length !== 2) throw new Error('pairs: expected key:salt,key:salt');
        return { key: parts[0], salt: parts[1] };
    });
}

function hex(text) {
    if (!/^([0-9a-fA-F]{2})+$/.test(text)) throw new Error('pairs: expected hex digits');
    return Buffer.from(text, 'hex');
}

// Why the path is refused, as X-Safelight-Error says it; empty if it is not.
function check(path, pairs) {
    const end = path.indexOf('/', 1);
    const signature = path.slice(1, end < 0 ? undefined : end);
    if (!signature || /:|%3a/i.test(signature) || end < 0) return 'signature_missing';
    const given = Buffer.from(signature, 'base64url');
    // One spelling only: no padding, no stray characters, no spare bits in the last one.
    if (given.toString('base64url') !== signature) return 'signature_malformed';
    if (given.length < FEWEST_BYTES || given.length > MOST_BYTES) return 'signature_length';
    const rest = repaired(path.slice(end));
    const found = pairs.map((pair) => matches(sign(pair, rest), given));
    return found.some((one) => one) ? '' : 'signature_mismatch';
}

function sign(pair, rest) {
    return crypto.createHmac('sha256', pair.key).update(pair.salt).update(rest).digest();
}

function matches(made, given) {
    let difference = 0;
    for (let at = 0; at < given.length; at++) difference |= made[at] ^ given[at];
    return difference === 0;
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

// Whether the URL names a format, and so is the same for everybody.
function named(rest) {
    const plain = rest.indexOf('/plain/');
    const written = plain >= 0 ? rest.slice(plain + 7) : tail(rest);
    const end = written.lastIndexOf(plain >= 0 ? '@' : '.');
    return end >= 0 && end + 1 < written.length;
}

// What follows the options: base64, in one piece or several.
function tail(rest) {
    const segments = rest.split('/').slice(1);
    let at = 0;
    while (at < segments.length && (segments[at].indexOf(':') >= 0 || segments[at] === '-')) at++;
    return segments.slice(at).join('');
}

// Who sends several fields sends a list.
function field(header) {
    if (!header) return '';
    if (!header.multiValue) return header.value;
    return header.multiValue.map((one) => one.value).join(',');
}

const WORD = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const PARAMETER = '(' + WORD + ')=(' + WORD + '|"[^"\\\\]*(?:\\\\.[^"\\\\]*)*")';
const RANGE = new RegExp('^[ \\t]*(' + WORD + '/' + WORD + ')((?:[ \\t]*;[ \\t]*(?:' + PARAMETER + ')?)*)[ \\t]*$');
const QVALUE = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;

// The four values of Accept that make a difference. Who likes WebP better than AVIF gets WebP.
function reduced(rest, accept) {
    if (named(rest)) return '*/*';
    const weights = ranges(accept);
    const avif = weights['image/avif'] || 0, webp = weights['image/webp'] || 0;
    if (avif > 0 && avif >= webp) return webp > 0 ? 'image/avif,image/webp' : 'image/avif';
    return webp > 0 ? 'image/webp' : '*/*';
}

function ranges(accept) {
    if (accept.length > LONGEST_ACCEPT) {
        accept = accept.slice(0, LONGEST_ACCEPT);
        accept = accept.slice(0, Math.max(0, accept.lastIndexOf(',')));
    }
    const weights = {};
    const elements = accept.match(/(?:[^",]+|"[^"\\]*(?:\\.[^"\\]*)*"?)+/g) || [];
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
