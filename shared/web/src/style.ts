// The looks. Every colour is a custom property that a page can set; `light-dark` follows the page's `color-scheme`.

// Name, light, dark.
const COLOURS = `
surface #fff #181c1a
ink #161b18 #eceeec
ink-soft #545d57 #a3aca7
line #858d87 #78827c
sunken #eef0ed #212624
accent #0b6b57 #58cfae
on-accent #fff #06231b
bad #ad2a20 #ff9d91
bad-wash #fdebe8 #3a1a17
wait #8a5200 #f0b65c
wait-wash #fdf1dd #33270f`.slice(1).split("\n").map((row) => row.split(" "));
const colours = (pick: (light: string, dark: string) => string) =>
  COLOURS.map(([name, light, dark]) => `--${name}:var(--phone-proof-${name},${pick(light!, dark!)});`).join("");

export const STYLE = `
:host{${colours((light) => light)}display:block;color:var(--ink);font:var(--phone-proof-font,inherit);line-height:1.5;text-align:start}
@supports(color:light-dark(#000,#fff)){:host{${colours((light, dark) => `light-dark(${light},${dark})`)}}}
:host([hidden]),[hidden]{display:none!important}
*{box-sizing:border-box}
:is(p,label)[lang]{text-align:match-parent}
p{margin:0;overflow-wrap:anywhere}
.row,.actions,.facts,.done{display:flex;flex-wrap:wrap;gap:.75rem}
.done{align-items:center}
.actions,.notice{margin-top:1rem}
.field{flex:1 1 11rem;min-width:0;display:grid;gap:.375rem}
label,.title{font-weight:600}
label,.hint,.facts{font-size:.875rem}
input,select,button,.notice{border-radius:var(--phone-proof-radius,10px)}
input,select,button{font:inherit;min-height:2.75rem}
input,select{width:100%;padding:.5rem .75rem;color:var(--ink);background:var(--surface);border:1px solid var(--line)}
input{direction:ltr}
:host(:dir(rtl)) input{text-align:end}
[aria-invalid=true]{border-color:var(--bad)}
#code{max-width:16rem;min-height:3.5rem;font:600 1.625rem/1 ui-monospace,monospace;letter-spacing:.2em}
.hint,.facts{margin-top:.375rem;color:var(--ink-soft)}
.error{color:var(--bad);font-size:.9375rem;font-weight:600}
.error:not(:empty){margin-top:.5rem}
.lead{margin-bottom:.75rem}
.timer,button{font-variant-numeric:tabular-nums}
button{font-size:.9375rem;font-weight:600;border:1px solid var(--line);padding:.5rem 1rem;cursor:pointer;background:var(--surface);color:var(--ink);max-width:100%}
button:hover{border-color:var(--ink)}
.primary{background:var(--accent);color:var(--on-accent);border-color:transparent}
.quiet{background:none;color:var(--accent);border-color:transparent}
[aria-disabled=true],[aria-busy=true]{color:var(--ink-soft);background:var(--sunken);border-color:transparent;cursor:default}
[aria-busy=true]{cursor:progress}
:disabled{opacity:.6;cursor:default}
:focus-visible{outline:2.5px solid var(--accent);outline-offset:2px}
.notice{--tone:var(--bad);padding:.75rem 1rem;border:1px solid var(--tone);background:var(--bad-wash);font-size:.9375rem}
.notice.wait{--tone:var(--wait);background:var(--wait-wash)}
.title{color:var(--tone)}
.notice .timer,.notice button{margin-top:.75rem;font-weight:600}
.done p:before{content:"✓";content:"✓"/"";color:var(--accent);font-weight:600;margin-inline-end:.5rem}
#announcer{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
:has([aria-busy])~#announcer{position:static;width:auto;height:auto;clip-path:none}
`;
