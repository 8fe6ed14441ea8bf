// The looks. Every colour is a custom property that a page can set; `light-dark` follows the page's `color-scheme`.

// Name, light, dark. A browser without `light-dark` has the light ones.
const COLOURS = `
surface #fff #111
ink #111 #eee
ink-soft #555 #aaa
line #888 #888
sunken #eee #222
accent #165 #5ca
on-accent #fff #022
bad #a22 #f99
bad-wash #fee #311
wait #850 #eb5
wait-wash #fed #321`;
const colour = globalThis.CSS?.supports("color:light-dark(#000,#fff)") ? "light-dark($2,$3)" : "$2";

export const STYLE = `
:host{${COLOURS.replace(/(\S+) (\S+) (\S+)/g, `--$1:var(--phone-proof-$1,${colour});`)}--tone:var(--bad);display:block;color:var(--ink);font:var(--phone-proof-font,inherit);line-height:1.5;font-variant-numeric:tabular-nums;text-align:start;overflow-wrap:anywhere}
:host([hidden]),[hidden]{display:none!important}
*{box-sizing:border-box}
p{margin:0}
.row,.actions,.done{display:flex;flex-wrap:wrap;gap:.75rem}
.done{align-items:center}
.field{flex:1 1 11rem;min-width:0;display:grid;gap:.5rem}
input,select,button{font:inherit;min-height:2.75rem;max-width:100%;padding:.5rem .75rem;color:var(--ink);background:var(--surface);border:1px solid var(--line)}
input,select{width:100%}
input,select,button,.notice{border-radius:var(--phone-proof-radius,10px)}
button:hover{border-color:var(--ink)}
.actions,.notice{margin-top:1rem}
.notice{padding:.75rem;border:1px solid var(--tone);background:var(--bad-wash)}
.notice.wait{--tone:var(--wait);background:var(--wait-wash)}
.notice .timer,.notice button{margin-top:.75rem}
#code-lead{margin-bottom:.75rem}
.hint,.error:not(:empty){margin-top:.5rem}
.hint{color:var(--ink-soft)}
label,.hint,button,.notice,.error{font-size:.9rem}
label,button,.notice .timer,.title,.error,.done p:before{font-weight:600}
.title,.error{color:var(--tone)}
input{direction:ltr}
:host(:dir(rtl)) :is(input,p,label){text-align:right}
#code{max-width:16rem;font:600 1.6rem/1 monospace;letter-spacing:.2em}
[aria-invalid]{border-color:var(--bad)}
.primary{background:var(--accent);color:var(--on-accent)}
.quiet{background:none;color:var(--accent)}
[aria-disabled],[aria-busy]{background:var(--sunken);color:var(--ink-soft)}
.primary,.quiet,button[aria-disabled],[aria-busy]{border-color:transparent}
:disabled{opacity:.6}
[aria-busy]{cursor:progress}
@media(forced-colors:active){[aria-disabled]{color:GrayText}}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.done p:before{content:"✓ ";content:"✓ "/"";color:var(--accent)}
#announcer:not(:has([aria-busy])~*){position:absolute;width:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
`;
