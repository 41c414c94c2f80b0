// Makes elements. Children are nodes or texts; a text can never become markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

const el = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
const draw = (name, attributes = {}, ...children) => fill(document.createElementNS(SVG, name), attributes, children);

const link = (href, ...children) => el("a", { href }, ...children);
const severityBadge = (rank) => el("span", { class: "severity", "data-severity": SEVERITIES[rank] }, SEVERITIES[rank]);
const list = (items, attributes = {}) => el("ul", attributes, items.map((item) => el("li", {}, item)));

// A list of terms; those without a text are left out.
function terms(pairs) {
  const kept = pairs.filter(([, value]) => value !== null && value !== "" && !(Array.isArray(value) && !value.length));
  return el("dl", { class: "terms" }, kept.map(([term, value]) => [
    el("dt", {}, term), ...(Array.isArray(value) ? value : [value]).map((one) => el("dd", {}, one)),
  ]));
}

// A table of a few rows: heads are texts, cells are nodes or texts.
function smallTable(caption, heads, rows) {
  return el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": caption },
    el("table", {}, el("caption", {}, caption),
      el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell) => el("td", {}, cell)))))));
}

// Tells what changed to those who do not see it.
const say = (words) => { document.getElementById("said").textContent = words; };
