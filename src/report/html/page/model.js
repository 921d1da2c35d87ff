// Who has what. A block is what one request or permission gives: people times targets. Nothing
// here multiplies that out for everybody; cells are made for the rows in sight.

const matrix = data.matrix;
const blocks = [];
if (matrix) {
  for (const [set, wants, period, request] of matrix.grants) {
    const [from, end] = matrix.periods[period];
    blocks.push({ people: matrix.sets[set], wants: matrix.wants[wants], period, from, end, request, git: true });
  }
  for (const [set, target, permission, accounts, may, notes] of matrix.ways) {
    blocks.push({
      people: matrix.sets[set], wants: [[target, -1, accounts, 0]], from: null, end: null,
      permission, may, notes, git: false,
    });
  }
}

// The blocks of each person.
const blocksOf = matrix ? matrix.people.map(() => []) : [];
for (const block of blocks) for (const person of block.people) blocksOf[person].push(block);

// What policy has against what a request asks for; nothing new comes of it then.
const refusal = (want) => matrix.texts[want[4]];

const personName = (person) =>
  person.kind === "anybody" ? say("anybody") : person.display || person.name;

// The texts in which the search looks, in small letters; made once, as typing must not wait.
const texts = matrix && {
  people: matrix.people.map((p) => [p.name, p.display, p.teams, ...(p.kind === "anybody" ? words.words.anybody : [])]
    .join("\n").toLowerCase()),
  targets: matrix.targets.map((t) => `${t.name}\n${t.environment}`.toLowerCase()),
  kinds: matrix.kinds.map((kind) => kind.toLowerCase()),
  texts: matrix.texts.map((text) => text.toLowerCase()),
  requests: matrix.requests.map((request) => request.join("\n").toLowerCase()),
  permissions: matrix.permissions.map((permission) => permission.join("\n").toLowerCase()),
};

// The search: each word must be found in the person, the target, the kind, what of it, the
// request or the permission. A word is one bit.
const terms = () => state.q.toLowerCase().split(/\s+/).filter(Boolean).slice(0, 24);

const bitsOf = (list, asked) => Int32Array.from(list, (text) =>
  asked.reduce((bits, term, place) => (text.includes(term) ? bits | (1 << place) : bits), 0));

const WITHIN = {
  7: (block) => block.git && block.end !== null && days(block.end) <= 7,
  30: (block) => block.git && block.end !== null && days(block.end) <= 30,
  90: (block) => block.git && block.end !== null && days(block.end) <= 90,
  never: (block) => block.git && block.end === null,
  later: (block) => block.git && block.from !== null && block.from > data.at,
};

let view = null;

// What the filters leave: rows, columns and blocks.
const filter = () => {
  const asked = terms();
  const full = 2 ** asked.length - 1;
  const bits = {};
  for (const [name, list] of Object.entries(texts)) bits[name] = bitsOf(list, asked);
  const bitsOfWant = (want) =>
    bits.targets[want[0]] | (want[1] < 0 ? 0 : bits.kinds[want[1]]) | bits.texts[want[2]];
  const within = WITHIN[state.within];
  const kind = state.kind === "" ? -1 : matrix.kinds.indexOf(state.kind);
  const isIn = (want) =>
    (state.env === "" || matrix.targets[want[0]].environment === state.env)
    && (kind < 0 || want[1] === kind);
  const rows = new Uint8Array(matrix.people.length);
  const columns = new Uint8Array(matrix.targets.length);
  const shown = new Set();
  for (const block of blocks) {
    if (within && !within(block)) continue;
    if (state.source && (state.source === "git") !== block.git) continue;
    const wants = block.wants.filter(isIn);
    if (!wants.length) continue;
    const by = block.git ? bits.requests[block.request] : bits.permissions[block.permission];
    // People who lack the same words see the same of a block: it is looked through once.
    const seen = new Map();
    for (const person of block.people) {
      const lacking = full & ~(by | bits.people[person]);
      let some = seen.get(lacking);
      if (some === undefined) {
        some = false;
        for (const want of wants) {
          if ((lacking & ~bitsOfWant(want)) !== 0) continue;
          some = true;
          columns[want[0]] = 1;
        }
        seen.set(lacking, some);
      }
      if (!some) continue;
      rows[person] = 1;
      shown.add(block);
    }
  }
  // Who or what is asked for by name is shown without any access, too.
  const facets = state.env || state.kind || state.within || state.source;
  if (full && !facets) {
    bits.people.forEach((found, person) => { if (found === full) rows[person] = 1; });
    bits.targets.forEach((found, target) => { if (found === full) columns[target] = 1; });
  }
  const visible = (block, person) => {
    const by = block.git ? bits.requests[block.request] : bits.permissions[block.permission];
    const lacking = full & ~(by | bits.people[person]);
    return block.wants.filter((want) => isIn(want) && (lacking & ~bitsOfWant(want)) === 0);
  };
  view = {
    rows: [...rows.keys()].filter((person) => rows[person]),
    columns: [...columns.keys()].filter((target) => columns[target]),
    shown, visible, cells: new Map(),
  };
  sortRows();
};

const sortRows = () => {
  const ends = (person) => Math.min(...blocksOf[person]
    .filter((block) => block.git && block.end !== null && view.shown.has(block))
    .map((block) => block.end), Infinity);
  const count = (person) => cellsOf(person).size;
  const key = { end: ends, most: (person) => -count(person) }[state.sort];
  if (!key) return;
  const keys = new Map(view.rows.map((person) => [person, key(person)]));
  view.rows.sort((a, b) => keys.get(a) - keys.get(b) || a - b);
};

// The cells of one person: by target, what makes it up.
const cellsOf = (person) => {
  let cells = view.cells.get(person);
  if (cells) return cells;
  cells = new Map();
  for (const block of blocksOf[person]) {
    if (!view.shown.has(block)) continue;
    for (const want of view.visible(block, person)) {
      const cell = cells.get(want[0]);
      if (cell) cell.push({ block, want });
      else cells.set(want[0], [{ block, want }]);
    }
  }
  view.cells.set(person, cells);
  return cells;
};

// What a cell shows: each login or level with the end of the last request for it, what policy
// refuses for itself, and how many ways there are that git does not give.
const summary = (entries) => {
  const kinds = new Map();
  let foreign = 0;
  for (const { block, want } of entries) {
    if (!block.git) {
      foreign += 1;
      continue;
    }
    const refused = refusal(want) !== "";
    const key = 2 * want[1] + Number(refused);
    const one = kinds.get(key) || { kind: matrix.kinds[want[1]], refused, end: 0, text: "", ahead: true };
    if (block.end === null || (one.end !== null && block.end > one.end)) {
      one.end = block.end;
      one.text = matrix.periods[block.period][3];
    }
    one.ahead &&= block.from !== null && block.from > data.at;
    kinds.set(key, one);
  }
  return { kinds: [...kinds].sort(([a], [b]) => a - b).map(([, one]) => one), foreign };
};

// A cell in words.
const spoken = (entries) => {
  const { kinds, foreign } = summary(entries);
  const parts = kinds.map(({ kind, refused, end, text, ahead }) => {
    const notes = [ahead && say("ahead"), refused && say("refused")].filter(Boolean);
    return `${kind} ${until(end, text)}${notes.length ? ` (${notes.join(", ")})` : ""}`;
  });
  if (foreign) parts.push(say("not-by-git", foreign));
  return parts.length ? parts.join("; ") : say("nothing");
};

// A pill for each login or level.
const pills = (entries) => {
  const { kinds, foreign } = summary(entries);
  const found = kinds.map(({ kind, refused, end, ahead }) =>
    el("span", { class: `pill ${refused ? "refused" : soon(end)}${ahead ? " ahead" : ""}` },
      el("b", null, kind), el("i", null, short(end))));
  if (foreign) found.push(el("span", { class: "pill foreign" }, el("b", null, "!"), el("i", null, number(foreign))));
  return found;
};
