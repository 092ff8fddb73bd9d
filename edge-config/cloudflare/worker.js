// A Cloudflare Worker in front of two regions: a bad signature ends here, all spellings of a picture are
// one URL to the cache, and origins are asked by source.
//
// Tried in workerd, Cloudflare's own runtime, in front of real origins: all that is decided in here. workerd
// has no cache: what Cloudflare keeps and for how long, tiered cache and purges were not tried.
import { reduced } from './accept.js';
import { order } from './origins.js';
import { format, parted, source } from './paths.js';
import { pairs, Refused, renewed } from './signature.js';

const METHODS = ['GET', 'HEAD', 'OPTIONS'];
const SECONDS = 15;  // longer than an origin takes (SAFELIGHT_TIMEOUT)
// Nothing of a visitor's request goes on but these, and what is made here.
const PASSED_ON = ['If-Modified-Since', 'If-None-Match', 'If-Range', 'Range'];
// Cloudflare's own, for an origin that could not be reached. Not 520 and 524: those had their time. And not
// 503, which says that there is too much to do.
const UNREACHED = [521, 522, 523, 525, 526, 530];
const FOR_THIS_EDGE_ALONE = ['Cache-Tag', 'CDN-Cache-Control', 'Surrogate-Key', 'xkey'];

export default {
    async fetch(request, environment) {
        if (!METHODS.includes(request.method)) return told(405, 'Expected GET, HEAD or OPTIONS');
        const path = raw(request.url);
        if (path === '/robots.txt') return told(200, 'User-agent: *\nAllow: /');
        if (path === '/edge-health') return told(200, 'ok');
        try {
            return await picture(request, path, environment);
        } catch (error) {
            if (!(error instanceof Refused)) throw error;
            return told(403, 'The signature is not right', { 'X-Safelight-Error': error.code });
        }
    },
};

async function picture(request, path, environment) {
    const { signature, rest } = parted(path);
    const signed = await renewed(signature, rest, await pairs(environment));
    const accept = format(rest) ? '*/*' : reduced(request.headers.get('Accept') || '');
    // Cloudflare's key is the URL alone, except for a few customers. Origins ignore queries.
    const query = accept === '*/*' ? '' : '?accept=' + accept.replaceAll('image/', '');
    const origins = order(source(rest), environment.ORIGINS_HOME, environment.ORIGINS_AWAY);
    const answer = await asked(origins.map((origin) => origin + signed + query), {
        method: request.method,
        headers: headers(request.headers, accept),
        redirect: 'manual',
        // How long is up to Cache-Control, errors included: they say `no-store`, or some seconds.
        cf: { cacheEverything: request.method !== 'OPTIONS' },
    });
    const shown = new Response(answer.body, answer);
    for (const name of FOR_THIS_EDGE_ALONE) shown.headers.delete(name);
    return shown;
}

// From the path as it came: a URL object would resolve dots in it.
function raw(url) {
    const path = url.slice(url.indexOf('/', url.indexOf('://') + 3));
    return path.split('?', 1)[0].split('#', 1)[0];
}

function headers(visitor, accept) {
    const made = new Headers({ Accept: accept });
    for (const name of PASSED_ON) if (visitor.has(name)) made.set(name, visitor.get(name));
    // Cloudflare's word for who is there; whatever the visitor says about that is not passed on.
    if (visitor.has('CF-Connecting-IP')) made.set('X-Forwarded-For', visitor.get('CF-Connecting-IP'));
    return made;
}

// The first that can be reached: at home by source, another one at home, then the other region. An answer
// that is late is not waited for twice.
async function asked(targets, init) {
    for (const target of targets) {
        // Until the answer begins: how long a visitor takes to read it is another matter.
        const late = new AbortController();
        const timer = setTimeout(() => late.abort(), SECONDS * 1000);
        try {
            const answer = await fetch(target, { ...init, signal: late.signal });
            if (!UNREACHED.includes(answer.status)) return answer;
            await answer.body?.cancel();
        } catch (error) {
            console.error(`${new URL(target).host}: ${error.message}`);
            if (late.signal.aborted) break;
        } finally {
            clearTimeout(timer);
        }
    }
    return told(503, 'No origin answers, try again', { 'Retry-After': '2' });
}

function told(status, text, more = {}) {
    const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store', ...more };
    return new Response(text + '\n', { status, headers });
}
