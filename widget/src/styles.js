// The button's styles. `!important` on the host overrides the site's styles for it.

const GREEN = "#12813f"; // white on it: 5 to 1

export function styles(side, color) {
  return `
:host{all:initial!important;position:fixed!important;${side}:20px!important;bottom:20px!important;z-index:2147483647!important}
a{position:relative;display:flex;align-items:center;gap:10px;box-sizing:border-box;height:56px;padding:0 14px;border:1px solid #fff3;border-radius:28px;background:${color || GREEN};color:#fff;font:600 16px system-ui,sans-serif;text-decoration:none;box-shadow:0 4px 20px #0005;transition:transform .15s}
a:hover{transform:translateY(-2px)}
a:focus-visible{outline:3px solid #fff;box-shadow:0 0 0 6px #0b57d0}
svg{width:26px;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.handset{stroke-width:3}
span{white-space:nowrap;padding-inline-end:6px}
b{position:absolute;top:-6px;inset-inline-end:-4px;min-width:22px;padding:0 6px;box-sizing:border-box;border-radius:11px;background:#c5221f;color:#fff;font:700 13px/22px system-ui,sans-serif;text-align:center}
@media(max-width:420px){span{display:none}}
@media(prefers-reduced-motion:reduce){a{transform:none!important}}
@media(forced-colors:active){a{border:2px solid}}
@media print{:host{display:none!important}}`.replace(/\n/g, "");
}
