// The signatures of signing/imgproxy.py.
import { repaired } from './paths.js';

const FEWEST_BYTES = 16;
const MOST_BYTES = 32;
const HMAC = { name: 'HMAC', hash: 'SHA-256' };

// code: as an origin says it in X-Safelight-Error.
export class Refused extends Error {
    constructor(code) {
        super(code);
        this.code = code;
    }
}

// Importing a key takes longer than using it. One entry: a Worker has one set of keys.
const imported = { text: null, pairs: null };

export async function pairs({ SAFELIGHT_KEYS, SAFELIGHT_SALTS }) {
    const text = `${SAFELIGHT_KEYS}:${SAFELIGHT_SALTS}`;
    if (imported.text !== text) {
        const keys = list(SAFELIGHT_KEYS), salts = list(SAFELIGHT_SALTS);
        if (keys.length !== salts.length) throw new Error('SAFELIGHT_SALTS: expected as many as SAFELIGHT_KEYS');
        const made = await Promise.all(
            keys.map(async (key, index) => ({
                key: await crypto.subtle.importKey('raw', key, HMAC, false, ['sign']),
                salt: salts[index],
            })),
        );
        Object.assign(imported, { text, pairs: made });
    }
    return imported.pairs;
}

function list(text) {
    return (text || '').split(',').map((hex) => {
        if (!/^([0-9a-fA-F]{2})+$/.test(hex.trim())) throw new Error('SAFELIGHT_KEYS, _SALTS: expected hex digits');
        return Uint8Array.from(hex.trim().match(/../g), (digits) => parseInt(digits, 16));
    });
}

// The path signed again, by the first pair and at full length: rotated, shortened and mangled signatures are
// one URL, and the origins still check. Refused if the signature is none of ours.
export async function renewed(signature, rest, pairs) {
    if (!signature || !rest || /:|%3a/i.test(signature)) throw new Refused('signature_missing');
    const given = decoded(signature);
    // One spelling only: no padding, no stray characters, no spare bits in the last one.
    if (given === null || encoded(given) !== signature) throw new Refused('signature_malformed');
    if (given.length < FEWEST_BYTES || given.length > MOST_BYTES) throw new Refused('signature_length');
    const made = await Promise.all(pairs.map((pair) => sign(pair, repaired(rest))));
    const found = made.map((each) => crypto.subtle.timingSafeEqual(each.slice(0, given.length), given));
    if (!found.includes(true)) throw new Refused('signature_mismatch');
    return '/' + encoded(made[0]) + repaired(rest);
}

async function sign({ key, salt }, rest) {
    const text = new TextEncoder().encode(rest);
    const message = new Uint8Array(salt.length + text.length);
    message.set(salt);
    message.set(text, salt.length);
    return new Uint8Array(await crypto.subtle.sign('HMAC', key, message));
}

function decoded(text) {
    if (!/^[A-Za-z0-9_-]+$/.test(text) || text.length % 4 === 1) return null;
    const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    return Uint8Array.from(bytes, (byte) => byte.charCodeAt(0));
}

function encoded(bytes) {
    const text = btoa(String.fromCharCode(...bytes));
    return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
