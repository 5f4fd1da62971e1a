// The panel's styles. The host's custom properties are the site's to set: --aurix-accent, --aurix-radius, --aurix-font.

const LIGHT = "--page:#fff;--ink:#17201b;--soft:#5a665f;--line:#d9dfdb;--theirs:#eef2ef;--bad:#b3261e;color-scheme:light";
const DARK = "--page:#171b19;--ink:#eef1ef;--soft:#a6b1aa;--line:#39413c;--theirs:#262d29;--bad:#ffb4ab;color-scheme:dark";

export const styles = `
:host{all:initial!important;${LIGHT}}
:host([data-theme=dark]){${DARK}}
@media(prefers-color-scheme:dark){:host([data-theme=auto]){${DARK}}}
*{box-sizing:border-box;margin:0}
[hidden]{display:none!important}
.panel{position:fixed;inset:auto;inset-block-end:88px;width:376px;max-width:calc(100vw - 40px);height:min(600px,calc(100vh - 112px));padding:0;border:1px solid var(--line);border-radius:var(--aurix-radius,14px);background:var(--page);color:var(--ink);font:16px/1.45 var(--aurix-font,system-ui,sans-serif);box-shadow:0 12px 40px #0004;overflow:hidden;contain:content;display:none;flex-direction:column;text-align:start}
.panel.open{display:flex}
.panel.right{right:20px}
.panel.left{left:20px}
header{display:flex;align-items:center;gap:8px;padding:10px 8px 10px 16px;padding-inline:16px 8px;background:var(--a);color:var(--on)}
h2{flex:1;min-width:0;font-size:17px;line-height:1.3;font-weight:650;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
button{font:inherit;color:inherit;background:none;border:0;border-radius:10px;min-width:44px;min-height:44px;cursor:pointer;display:grid;place-items:center;padding:0}
button:disabled{cursor:default;opacity:.55}
:focus-visible{outline:2px solid currentColor;outline-offset:-3px}
svg{width:22px;height:22px;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.state{padding:8px 16px;border-bottom:1px solid var(--line);font-size:14px;color:var(--soft)}
.scroll{flex:1;overflow-y:auto;overscroll-behavior:contain;padding:16px;display:flex;flex-direction:column;gap:10px;outline-offset:-3px}
.log{display:flex;flex-direction:column;gap:8px}
.note{font-size:13.5px;line-height:1.4;color:var(--soft);text-align:center;padding:0 12px}
.m{max-width:84%;align-self:flex-start;padding:9px 13px;border-radius:14px;background:var(--theirs);white-space:pre-wrap;overflow-wrap:anywhere}
.m.own{align-self:flex-end;background:var(--a);color:var(--on)}
.m.waits{opacity:.7}
.state a{display:inline-block;color:var(--ink)}
.m a{color:inherit;text-decoration:underline}
.choices{display:flex;flex-wrap:wrap;gap:8px;max-width:100%}
.choices:empty{display:none}
.choices button{padding:8px 16px;border:1px solid var(--ring);border-radius:22px;background:var(--page);color:var(--ink);font-weight:600;overflow-wrap:anywhere;text-align:start}
.choices button:hover{background:var(--theirs)}
.fail{align-self:flex-end;display:flex;align-items:center;gap:8px;font-size:14px;color:var(--bad)}
.fail button{min-height:44px;padding:0 12px;text-decoration:underline}
.typing{align-self:flex-start;display:flex;gap:5px;padding:14px;border-radius:14px;background:var(--theirs)}
.typing i{width:7px;height:7px;border-radius:50%;background:var(--soft);animation:blink 1.2s infinite}
.typing i:nth-child(2){animation-delay:.2s}
.typing i:nth-child(3){animation-delay:.4s}
@keyframes blink{0%,60%,100%{opacity:.35}30%{opacity:1}}
.newer{position:absolute;inset-inline:0;bottom:8px;margin:0 auto;width:max-content;max-width:90%;padding:0 16px;border:1px solid var(--line);border-radius:22px;background:var(--page);font-size:14px;font-weight:600;box-shadow:0 2px 10px #0003}
.middle{position:relative;flex:1;min-height:0;display:flex;flex-direction:column}
.hint{padding:6px 16px;border-top:1px solid var(--line);font-size:14px;color:var(--bad)}
form{display:flex;align-items:flex-end;gap:10px;padding:10px;border-top:1px solid var(--line)}
textarea{flex:1;min-width:0;min-height:44px;max-height:132px;padding:10px 12px;border:1px solid var(--soft);border-radius:12px;background:var(--page);color:var(--ink);font:inherit;resize:none;field-sizing:content}
textarea::placeholder{color:var(--soft);opacity:1}
textarea:focus-visible{outline:2px solid var(--ring);outline-offset:0;border-color:transparent}
.send{background:var(--a);color:var(--on);border-radius:12px}
.send svg:dir(rtl){transform:scaleX(-1)}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.probe{position:absolute;visibility:hidden;color:var(--aurix-accent,#12813f)}
.panel.whole{inset:0;width:auto;max-width:none;height:auto;border:0;border-radius:0;box-shadow:none}
@media(min-width:720px){.panel.whole{inset:24px auto;left:50%;width:680px;translate:-50% 0;border:1px solid var(--line);border-radius:var(--aurix-radius,14px)}}
@media(max-width:480px){.panel:not(.whole){inset:auto;left:0;top:var(--top,0px);width:100vw;max-width:none;height:var(--height,100%);border:0;border-radius:0}
form{padding-bottom:calc(10px + env(safe-area-inset-bottom))}header{padding-top:calc(10px + env(safe-area-inset-top))}}
@media(prefers-reduced-motion:reduce){.typing i{animation:none;opacity:.8}}
@media(forced-colors:active){.m,.send{border:1px solid}}
@media print{:host{display:none!important}}`.replace(/\n/g, "");
