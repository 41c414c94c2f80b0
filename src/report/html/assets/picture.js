// Draws the chain of an identity: boxes in columns, arrows between them.

const BOX = { width: 176, height: 60, across: 92, down: 14 };

const FONTS = { sort: "11px", label: "600 13px", note: "11px", edge: "11px" };
const ruler = document.createElement("canvas").getContext("2d");

// As much of a text as has room. The middle goes first, since names tell apart by their ends; of a path the beginning.
function shorten(words, look, room) {
  if (!words) return "";
  ruler.font = `${FONTS[look]} ${getComputedStyle(document.body).fontFamily}`;
  const letters = Array.from(words.slice(0, 400));
  const isPath = words.includes("/");
  for (let kept = letters.length; kept > 0; kept -= 1) {
    const start = kept === letters.length ? kept : isPath ? 0 : Math.ceil(kept / 2);
    const cut = kept === letters.length ? "" : "…";
    const short = letters.slice(0, start).join("") + cut + (cut ? letters.slice(letters.length - (kept - start)).join("") : "");
    if (ruler.measureText(short).width <= room) return short;
  }
  return "…";
}

function readChain([boxes, arrows]) {
  const nodes = boxes.map(([column, sort, label, note, row]) => ({
    column, sort: text(sort), label: text(label), note: text(note), identity: row === null ? null : identities[row],
  }));
  const edges = arrows.map(([from, to, words, holding, condition]) => ({
    from: nodes[from], to: nodes[to], words: text(words), holding, condition: text(condition),
  }));
  return { nodes, edges };
}

// Gives every box its place; returns the size of the whole.
function place(nodes) {
  const used = [...new Set(nodes.map((node) => node.column))].sort((a, b) => a - b);
  const columns = used.map((column) => nodes.filter((node) => node.column === column));
  const tallest = Math.max(...columns.map((column) => column.length));
  const height = tallest * (BOX.height + BOX.down) + BOX.down;
  columns.forEach((column, position) => {
    const top = (height - column.length * (BOX.height + BOX.down) + BOX.down) / 2;
    column.forEach((node, row) => {
      node.x = position * (BOX.width + BOX.across) + 2;
      node.y = top + row * (BOX.height + BOX.down);
    });
  });
  return { width: columns.length * (BOX.width + BOX.across) - BOX.across + 4, height };
}

function arrow(edge, tip) {
  const back = edge.from.x > edge.to.x;
  const aside = edge.from.x === edge.to.x;
  const start = { x: edge.from.x + (back ? 0 : BOX.width), y: edge.from.y + BOX.height / 2 };
  const end = { x: edge.to.x + (back || aside ? BOX.width : 0), y: edge.to.y + BOX.height / 2 };
  const bend = aside ? BOX.across / 2 : (end.x - start.x) / 2;
  const path = `M${start.x},${start.y} C${start.x + bend},${start.y} ${aside ? end.x + bend : end.x - bend},${end.y} ${end.x},${end.y}`;
  const middle = { x: (start.x + end.x) / 2 + (aside ? bend : 0), y: (start.y + end.y) / 2 };
  return draw("g", { class: edge.holding ? "edge unsure" : "edge" },
    edge.condition ? draw("title", {}, edge.condition) : null,
    draw("path", { d: path, "marker-end": `url(#${tip})` }),
    draw("text", { x: middle.x, y: middle.y - 5, "text-anchor": "middle" }, shorten(edge.words, "edge", BOX.across - 6)));
}

function box(node, itself) {
  const sort = node.identity === itself ? "itself" : { power: "power", "in the open": "open" }[node.sort] || "other";
  const inner = draw("g", { class: `box ${sort}`, transform: `translate(${node.x},${node.y})` },
    draw("title", {}, [node.sort, node.label, node.note].filter(Boolean).join(", ")),
    draw("rect", { width: BOX.width, height: BOX.height, rx: 6 }),
    draw("text", { class: "sort", x: 10, y: 16 }, shorten(node.sort, "sort", BOX.width - 18)),
    draw("text", { class: "label", x: 10, y: 34 }, shorten(node.label, "label", BOX.width - 18)),
    draw("text", { class: "note", x: 10, y: 50 }, shorten(node.note, "note", BOX.width - 18)));
  if (!node.identity || node.identity === itself) return inner;
  return draw("a", { href: toIdentity(node.identity) }, inner);
}

// Each arrow as a sentence, for those who cannot see the picture, and for paper.
const inWords = (edges) => edges.filter((edge) => edge.words).map((edge) => {
  const name = (node) => `${node.sort === "power" ? "" : `${node.sort} `}${node.label}${node.sort === "power" && node.note ? ` (${node.note})` : ""}`;
  return `${name(edge.from)} ${edge.words} ${name(edge.to)}${["", ", under a condition", ", unless what was not read forbids it"][edge.holding]}${edge.condition ? ` (${edge.condition})` : ""}`;
});

let drawn = 0;

// `brief` is without the words: where the same is told beside it.
function picture(identity, brief = false) {
  if (!identity.chain) return null;
  const { nodes, edges } = readChain(identity.chain);
  const size = place(nodes);
  const name = `tip-${drawn += 1}`;
  const tip = draw("marker", {
    id: name, viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse",
  }, draw("path", { d: "M0,1 L9,5 L0,9 z" }));
  const image = draw("svg", {
    class: "chain", viewBox: `0 0 ${size.width} ${size.height}`, width: size.width, height: size.height,
    role: "group", "aria-label": `What opens ${identity.name}, what it becomes and what it can do`,
  }, draw("defs", {}, tip), edges.map((edge) => arrow(edge, name)),
  [...nodes].sort((a, b) => a.column - b.column).map((node) => box(node, identity)));
  image.style.minWidth = `${Math.round(size.width * 0.75)}px`;
  const hint = edges.some((edge) => edge.holding) ? el("p", { class: "hint" }, "Dashed: holds under a condition, or what would forbid it was not read.") : null;
  return el("figure", { class: "chain-frame" },
    el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": `Picture of ${identity.name}` }, image), hint,
    brief ? null : el("details", {}, el("summary", {}, "The picture in words"), list(inWords(edges), { class: "words" })));
}
