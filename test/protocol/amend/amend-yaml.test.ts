// guards: src/protocol/amend/yaml-value.ts src/protocol/amend/changed-value.ts src/protocol/amend/parsed-yaml.ts
// guards: src/protocol/amend/yaml-edit.ts src/protocol/amend/yaml-splices.ts src/protocol/amend/text-lines.ts
import t from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { amendYaml } from '../../../src/protocol/amend/amend-yaml.ts'
import type { Position, YamlPlace } from '../../../src/protocol/amend/yaml-edit.ts'
import type { YamlValue } from '../../../src/protocol/amend/yaml-value.ts'
import type { TextFile } from '../../../src/protocol/yaml/yaml-document.ts'

const POLICY = `# read aloud
version: 1

publishers:
  acme:   { kind: github, repository: acme/demo, workflow: release.yml }   # ours

projects:
  - match: demo   # by us
    publishers: [acme]
    # until they move

  # nobody signed these
  - match: six
  - { match: "tzdata", deny: 'no' }

# the way round
exemptions:
  - id: EX-1
    project: six
    waive:
      - attestation
    files: { six.whl: "sha256:1" }
    reason: |
      no trusted
      publisher
    owner: 'me'
    expires: 2027-01-31
`

const file = (text: string): TextFile => ({ path: 'p.yaml', text })
const at = (...path: readonly (string | number)[]) => ({ document: 0, path })
const addItem = (it: TextFile, place: YamlPlace, value: YamlValue, position: Position) =>
  amendYaml(it, [{ kind: 'item', place, value, position }])
const addPair = (it: TextFile, place: YamlPlace, [key, value]: readonly [string, YamlValue], position: Position) =>
  amendYaml(it, [{ kind: 'pair', place, key, value, position }])
const removeAt = (it: TextFile, place: YamlPlace, named: string) =>
  amendYaml(it, [{ kind: 'remove', place, owns: comment => comment.includes(`${named}:`) }])
const setText = (it: TextFile, place: YamlPlace, value: string) => amendYaml(it, [{ kind: 'text', place, value }])

const RULE = { match: 'new', publishers: ['acme'] }

/** The lines that came, and those that went. */
function difference(
  before: string,
  after: string,
): { readonly came: readonly string[]; readonly went: readonly string[] } {
  const [was, is] = [before.split('\n'), after.split('\n')]
  let [head, tail] = [0, 0]
  while (head < was.length && head < is.length && was[head] === is[head]) head += 1
  while (tail < was.length - head && tail < is.length - head && was.at(-1 - tail) === is.at(-1 - tail)) tail += 1
  return { came: is.slice(head, is.length - tail), went: was.slice(head, was.length - tail) }
}

t.test('a new item is lines among lines, and everything else stays to the byte', async t => {
  const added = (position: Position) => addItem(file(POLICY), at('projects'), RULE, position).text
  t.match(added({ after: 0 }), /# until they move\n {2}- match: new\n {4}publishers: \[acme\]\n\n {2}# nobody/)
  t.match(added({ before: 1 }), /# nobody signed these\n {2}- match: new\n {4}publishers: \[acme\]\n {2}- match: six/)
  t.match(added({ after: -1 }), /projects:\n {2}- match: new\n {4}publishers: \[acme\]\n {2}- match: demo {3}# by us/)
  t.match(
    added({ after: 2 }),
    /deny: 'no' \}\n {2}- \{ match: new, publishers: \[acme\] \}\n\n# the way round/,
    'in one line where the one beside it is',
  )
  for (const position of [{ after: 0 }, { before: 1 }, { after: -1 }, { after: 2 }])
    t.strictSame(difference(POLICY, added(position)).went, [])
})

t.test('a key comes into a mapping, with an empty line where they stand apart', async t => {
  const publisher = { kind: 'google', email: 'a@b.example' }
  t.match(
    addPair(file(POLICY), at('publishers'), ['zed', publisher], { after: 0 }).text,
    /# ours\n {2}zed:\n {4}kind: google\n {4}email: a@b\.example\n\nprojects:/,
  )
  t.match(
    addPair(file(POLICY), at(), ['tests', [{ given: 'x' }]], { after: 3 }).text,
    /expires: 2027-01-31\n\ntests:\n {2}- given: x\n$/,
  )
  t.match(
    addPair(file('version: 1\nprojects:\n- match: a\n'), at(), ['limits', { a: 'b' }], { after: 0 }).text,
    'version: 1\nlimits:\n  a: b\nprojects:\n- match: a\n',
  )
})

t.test('the first key of an item stands behind its dash, and others come below it', async t => {
  const add = (text: string, after: number) => addPair(file(text), at('p', 0), ['new', 'x'], { after }).text
  t.equal(add('p:\n  - match: a # c\n    deny: b\n', 0), 'p:\n  - match: a # c\n    new: x\n    deny: b\n')
  t.equal(add('p:\n-   match: a', 0), 'p:\n-   match: a\n    new: x')
  t.throws(() => removeAt(file('p:\n  - match: a\n    deny: b\n'), at('p', 0, 'match'), ''), { code: 'usage' })
})

t.test('lists and mappings in braces grow in their braces', async t => {
  const flow = (text: string, path: readonly (string | number)[], position: Position) =>
    addItem(file(text), at(...path), 'new', position).text
  t.equal(flow('a: [x, y] # c\n', ['a'], { after: 1 }), 'a: [x, y, new] # c\n')
  t.equal(flow('a: [x, y,]\n', ['a'], { after: 1 }), 'a: [x, y, new,]\n')
  t.equal(flow('a: [x, y]\n', ['a'], { before: 1 }), 'a: [x, new, y]\n')
  t.equal(flow('a: [\n  x, # one\n  y # two\n]\n', ['a'], { after: 0 }), 'a: [\n  x, # one\n  new,\n  y # two\n]\n')
  t.equal(flow('{ a: [x], b: 1 }', ['a'], { after: 0 }), '{ a: [x, new], b: 1 }')
  t.equal(addPair(file('{ a: { x: 1 } }\n'), at('a'), ['y', ['q']], { after: 0 }).text, '{ a: { x: 1, y: [q] } }\n')
  t.equal(flow('a: [] # none yet\nb: 1\n', ['a'], { after: -1 }), 'a: # none yet\n  - new\nb: 1\n')
  t.equal(flow('a: []', ['a'], { after: -1 }), 'a:\n  - new')
})

t.test('what goes takes its own comment with it, and no other', async t => {
  const removed = (text: string, ...path: readonly (string | number)[]) => removeAt(file(text), at(...path), 'six').text
  const without = removed(POLICY, 'projects', 1)
  t.strictSame(difference(POLICY, without), { came: [], went: ['  - match: six'] })
  t.equal(
    removed('p:\n  - a\n\n  # six: ask SEC-9\n  - six # now\n    # further in\n\n  - b\n', 'p', 1),
    'p:\n  - a\n\n  - b\n',
  )
  t.equal(removed('p:\n  - a\n  # the sixth\n  - six\n  - b', 'p', 1), 'p:\n  - a\n  # the sixth\n  - b')
  t.equal(removed('p: [a, six, b]', 'p', 1), 'p: [a, b]')
  t.equal(removed('p: [a, six]', 'p', 1), 'p: [a]')
  t.equal(removed('p: { a: 1, six: { b: [1] }, c: 2 }', 'p', 'six'), 'p: { a: 1, c: 2 }')
  t.equal(removed('a: 1\np:\n  six: 1\nb: 2\n', 'p', 'six'), 'a: 1\nb: 2\n', 'with what would be empty')
  t.match(removed(POLICY, 'exemptions', 0), /deny: 'no' \}\n\n# the way round\n$/)
  t.equal(removed('a:\n- x\n- six', 'a', 1), 'a:\n- x', 'and no last line comes')
})

t.test('a text is written with the quotes that it had', async t => {
  const set = (text: string) => setText(file(text), at('a'), '2027-06-30').text
  t.equal(set('a: 2027-01-01 # c'), 'a: 2027-06-30 # c')
  t.equal(set('a:   "2027-01-01"\r\n'), 'a:   "2027-06-30"\r\n')
  t.equal(set("{ a: '2027-01-01', b: 1 }"), "{ a: '2027-06-30', b: 1 }")
  t.throws(() => set('a: |\n  x\n'), { code: 'usage', detail: /^p\.yaml:1: / })
})

t.test('lines end as they did, and so does the file', async t => {
  const windows = POLICY.replaceAll('\n', '\r\n')
  const added = addItem(file(windows), at('projects'), RULE, { after: 0 }).text
  t.equal(added, addItem(file(POLICY), at('projects'), RULE, { after: 0 }).text.replaceAll('\n', '\r\n'))
  const bare = 'a:\n  - x'
  t.equal(addItem(file(bare), at('a'), 'y', { after: 0 }).text, 'a:\n  - x\n  - y')
  t.equal(addItem(file('\uFEFFa:\n  - x\n'), at('a'), 'y', { after: 0 }).text, '\uFEFFa:\n  - x\n  - y\n')
  t.equal(addPair(file('\uFEFFa: 1\n'), at(), ['b', 'c'], { after: 0 }).text, '\uFEFFa: 1\nb: c\n')
})

t.test('each of several documents is changed where it stands', async t => {
  const two = 'a:\n  - x\n---\n# second\na:\n- z\n...\n'
  t.equal(addItem(file(two), at('a'), 'y', { after: 0 }).text, 'a:\n  - x\n  - y\n---\n# second\na:\n- z\n...\n')
  t.equal(
    addItem(file(two), { document: 1, path: ['a'] }, 'y', { after: 0 }).text,
    'a:\n  - x\n---\n# second\na:\n- z\n- y\n...\n',
  )
})

t.test('what cannot be changed in place is refused by its line, never written wrong', async t => {
  const refused = (text: string, path: readonly (string | number)[] = ['a']) =>
    t.throws(() => addItem(file(text), at(...path), 'y', { after: 0 }), { code: 'usage', detail: /^p\.yaml:\d+: / })
  refused('v: 1\na: x\n')
  refused('v: 1\na:\n  b: 1\n')
  refused('a: [x]\nb: { c: {} }\n', ['b', 'c'])
  t.throws(() => addItem(file('a: ['), at('a'), 'y', { after: 0 }), { code: 'policy-invalid' })
})

t.test('whatever the layout, a change means exactly itself, or is refused', async t => {
  const items = [
    '- match: x # c',
    '- { match: x, p: [1, 2] }',
    '-\n  match: x',
    '- match: x\n  r: |\n    t\n\n    u',
    '- match: x\n  r: >-\n    t\n',
    '- match: "x"\n  # inner\n  q:\n  - 1\n  - 2\n',
    '# above\n- match: x',
  ]
  const tails = ['', '\n', '\n# end\n', '\n\n\n', '\nz: 1\n', '\n\n# head\nz: 1']
  let [done, refused] = [0, 0]
  for (const [first, one] of items.entries())
    for (const [second, two] of items.entries())
      for (const [third, tail] of tails.entries()) {
        const newline = (first + second + third) % 2 === 0 ? '\n' : '\r\n'
        const column = (first + 2 * second + third) % 3
        const body = [one, two].join('\n').replace(/^(?=.)/gm, ' '.repeat(column))
        const text = `v: 1\na:\n${body}${tail}`.replaceAll('\n', newline)
        for (const edit of CHANGES) {
          try {
            const changed = edit(file(text)).text
            done += 1
            const lines = new Set(changed.split(newline))
            const lost = text.split(newline).filter(line => line.includes('#') && !lines.has(line))
            if (lost.length > 0 && changed.length > text.length) t.fail('a comment was lost', { text, changed })
            if (text.endsWith('\n') !== changed.endsWith('\n')) t.fail('the last line', { text, changed })
          } catch (error) {
            refused += 1
            if (!(error instanceof GateError) || error.code !== 'usage') throw error
          }
        }
      }
  t.ok(done > 2_000, `${done} changed`)
  t.ok(refused < done / 20, `${refused} refused`)
})

const CHANGES: readonly ((file: TextFile) => TextFile)[] = [
  it => addItem(it, at('a'), RULE, { after: 0 }),
  it => addItem(it, at('a'), RULE, { after: 1 }),
  it => addItem(it, at('a'), RULE, { before: 0 }),
  it => addItem(it, at('a'), RULE, { after: -1 }),
  it => removeAt(it, at('a', 0), 'x'),
  it => removeAt(it, at('a', 1), 'x'),
  it => addPair(it, at(), ['new', ['w']], { after: 0 }),
  it => addPair(it, at(), ['new', { w: 'v' }], { after: 1 }),
]

t.test('many changes at once are as one after the other', async t => {
  const changed = amendYaml(file(POLICY), [
    { kind: 'item', place: at('projects'), value: { match: 'b1' }, position: { before: 1 } },
    { kind: 'item', place: at('projects'), value: { match: 'a2' }, position: { after: 0 } },
    { kind: 'item', place: at('projects'), value: { match: 'b2' }, position: { before: 1 } },
    { kind: 'item', place: at('projects', 0, 'publishers'), value: 'p2', position: { after: 0 } },
    { kind: 'item', place: at('projects', 0, 'publishers'), value: 'p3', position: { after: 0 } },
    { kind: 'pair', place: at(), key: 'limits', value: { exemption_max: '90d' }, position: { after: 3 } },
    { kind: 'text', place: at('exemptions', 0, 'expires'), value: '2027-06-30' },
    { kind: 'remove', place: at('publishers', 'acme'), owns: () => true },
  ]).text
  t.match(changed, /^# read aloud\nversion: 1\n\nprojects:/, 'and what would be empty goes')
  t.match(
    changed,
    /publishers: \[acme, p2, p3\]\n {4}# until they move\n {2}- match: a2\n\n {2}# nobody signed these\n {2}- match: b1\n {2}- match: b2\n {2}- match: six\n/,
  )
  t.match(changed, /expires: 2027-06-30\n\nlimits:\n {2}exemption_max: "90d"\n$/)
})

t.test('of what stands in braces any number goes at once', async t => {
  const gone = (...indexes: readonly number[]) =>
    amendYaml(
      file('p: [a, b, c, d] # all\nq: 1\n'),
      indexes.map(index => ({ kind: 'remove', place: at('p', index), owns: () => false })),
    ).text
  t.equal(gone(1, 2), 'p: [a, d] # all\nq: 1\n')
  t.equal(gone(2, 3), 'p: [a, b] # all\nq: 1\n')
  t.equal(gone(0, 3), 'p: [b, c] # all\nq: 1\n')
  t.equal(gone(0, 1, 2), 'p: [d] # all\nq: 1\n')
  t.equal(gone(0, 1, 2, 3), 'q: 1\n')
})

t.test('what comes at the end of a list stands above the key that comes behind it', async t => {
  const both = (text: string) =>
    amendYaml(file(text), [
      { kind: 'pair', place: at(), key: 'b', value: [{ id: 1 }], position: { after: 0 } },
      { kind: 'item', place: at('a'), value: 'y', position: { after: 0 } },
    ]).text
  t.equal(both('a:\n  - x\n'), 'a:\n  - x\n  - y\nb:\n  - id: 1\n')
  t.equal(both('a:\n  - x'), 'a:\n  - x\n  - y\nb:\n  - id: 1')
  t.equal(both('a:\n- x\nc: 1\n'), 'a:\n- x\n- y\nb:\n  - id: 1\nc: 1\n')
  t.equal(both('{ a: [x], c: 1 }'), '{ a: [x, y], b: [{ id: 1 }], c: 1 }')
})
