// Draws the chain of an identity: boxes in columns, arrows between them.

const BOX = { width: 178, height: 60, across: 84, down: 14 };

// The middle of a long text goes: names tell apart by their ends.
function shorten(words, length) {
  const letters = Array.from(words);
  if (letters.length <= length) return words;
  const half = Math.floor((length - 1) / 2);
  return `${letters.slice(0, half).join("")}…${letters.slice(letters.length - half).join("")}`;
}

function readChain(chain) {
  const nodes = chain.nodes.map(([column, sort, label, note, row]) => ({
    column, sort: text(sort), label: text(label), note: text(note), identity: row === null ? null : identities[row],
  }));
  const edges = chain.edges.map(([from, to, words, conditional]) => ({
    from: nodes[from], to: nodes[to], words: text(words), conditional,
  }));
  return { nodes, edges };
}

// Gives every box its place; returns the size of the whole.
function place(nodes) {
  const used = [...new Set(nodes.map((node) => node.column))].sort();
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
  return draw("g", { class: edge.conditional ? "edge conditional" : "edge" },
    draw("path", { d: path, "marker-end": `url(#${tip})` }),
    draw("text", { x: middle.x, y: middle.y - 5, "text-anchor": "middle" }, shorten(edge.words, 18)));
}

function box(node, itself) {
  const inner = draw("g", { class: `box column-${node.column}`, transform: `translate(${node.x},${node.y})` },
    draw("title", {}, [node.sort, node.label, node.note].filter(Boolean).join(", ")),
    draw("rect", { width: BOX.width, height: BOX.height, rx: 6 }),
    draw("text", { class: "sort", x: 10, y: 16 }, shorten(node.sort, 28)),
    draw("text", { class: "label", x: 10, y: 34 }, shorten(node.label, 23)),
    draw("text", { class: "note", x: 10, y: 50 }, shorten(node.note, 29)));
  if (!node.identity || node.identity === itself) return inner;
  return draw("a", { href: toIdentity(node.identity) }, inner);
}

// Each arrow as a sentence, for those who cannot see the picture, and for paper.
const inWords = (edges) => edges.filter((edge) => edge.words).map((edge) => {
  const name = (node) => `${node.sort === "power" ? "" : `${node.sort} `}${node.label}${node.sort === "power" && node.note ? ` (${node.note})` : ""}`;
  return `${name(edge.from)} ${edge.words} ${name(edge.to)}${edge.conditional ? ", under a condition" : ""}`;
});

let drawn = 0;

function picture(identity) {
  const { nodes, edges } = readChain(identity.chain);
  if (!edges.length) return null;
  const size = place(nodes);
  const name = `tip-${drawn += 1}`;
  const tip = draw("marker", {
    id: name, viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse",
  }, draw("path", { d: "M0,1 L9,5 L0,9 z" }));
  const image = draw("svg", {
    class: "chain", viewBox: `0 0 ${size.width} ${size.height}`, width: size.width, height: size.height,
    role: "group", "aria-label": `What opens ${identity.name}, what it becomes and what it can do`,
  }, draw("defs", {}, tip), edges.map((edge) => arrow(edge, name)), nodes.map((node) => box(node, identity)));
  image.style.minWidth = `${Math.round(size.width * 0.75)}px`;
  const hint = edges.some((edge) => edge.conditional) ? el("p", { class: "hint" }, "Dashed: holds under a condition.") : null;
  return el("figure", { class: "chain-frame" },
    el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Picture of the chain" }, image), hint,
    el("details", {}, el("summary", {}, "The picture in words"), list(inWords(edges), { class: "words" })));
}
