import { createHash } from 'node:crypto';

/** The style sheet of the public pages, inline, so that a page needs no second request. */
export const STYLE = `:root{color-scheme:light dark;--text:#1b1f24;--faint:#57606a;--line:#d0d7de;--back:#fff;--code:#f6f8fa;--mark:#0b5cad;--on-mark:#fff;--good:#1a7f37}
@media (prefers-color-scheme:dark){:root{--text:#e6edf3;--faint:#9aa4af;--line:#3d444d;--back:#0d1117;--code:#161b22;--mark:#79b8ff;--on-mark:#0d1117;--good:#56d364}}
*{box-sizing:border-box}
body{font:16px/1.55 system-ui,sans-serif;max-width:56rem;margin:0 auto;padding:1.5rem 1rem 4rem;color:var(--text);background:var(--back)}
h1{font-size:1.7rem;margin:.5rem 0}h2{font-size:1.25rem;margin:2.2rem 0 .6rem;border-bottom:1px solid var(--line);padding-bottom:.3rem}h3{font-size:1.05rem;margin:0 0 .3rem}
a{color:var(--mark)}p{margin:.5rem 0}.faint{color:var(--faint)}
code,pre{font:14px/1.45 ui-monospace,monospace}
pre{background:var(--code);border:1px solid var(--line);border-radius:6px;padding:.7rem;overflow-x:auto;margin:.5rem 0}
.root{border:1px solid var(--line);border-radius:8px;padding:1rem;margin:.8rem 0;display:flex;gap:1.2rem;flex-wrap:wrap;align-items:flex-start}
.root>div:first-child{flex:1 1 22rem;min-width:0}.root code{overflow-wrap:anywhere;font-size:15px}
.root svg{width:9.5rem;height:9.5rem;background:#fff;border-radius:4px;padding:4px}
.same{display:none;color:var(--good);font-weight:600}.root:target .same{display:block}
.buttons{display:flex;flex-wrap:wrap;gap:.5rem;margin:.8rem 0 0;padding:0;list-style:none}
.buttons a{display:inline-block;padding:.4rem .8rem;border-radius:6px;background:var(--mark);color:var(--on-mark);text-decoration:none}
a:focus-visible,summary:focus-visible,pre:focus-visible{outline:3px solid var(--mark);outline-offset:2px}
details{border:1px solid var(--line);border-radius:6px;margin:.4rem 0;padding:.45rem .75rem}summary{cursor:pointer;font-weight:600}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:.5rem 0}dd{margin:0;overflow-wrap:anywhere}
@media (max-width:34rem){dl{grid-template-columns:1fr}dd{margin:0 0 .4rem}}
`;

const HASH = createHash('sha256').update(STYLE).digest('base64');

/** The CSP of a public page: no scripts, only our style sheet, only images of this RA. @param imageOrigin scheme, host and port */
export function pagePolicy(imageOrigin: string): string {
  return [
    "default-src 'none'",
    `style-src 'sha256-${HASH}'`,
    `img-src ${imageOrigin}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
