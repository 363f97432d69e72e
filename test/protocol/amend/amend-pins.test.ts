import t from 'tap'
import { parseSha256, type Sha256 } from '../../../src/domain/base/digest.ts'
import type { ProjectName } from '../../../src/domain/packaging/name.ts'
import type { Version } from '../../../src/domain/packaging/version.ts'
import { addPins, type Pin, removePins, writePins } from '../../../src/protocol/amend/amend-pins.ts'
import { readPins } from '../../../src/protocol/clauses/pins.ts'

const hash = (digit: string) => parseSha256(digit.repeat(64)) as Sha256
const [A, B, C] = [hash('a'), hash('b'), hash('c')]
const pin = (project: string, version: string, ...hashes: readonly Sha256[]): Pin => ({
  project: project as ProjectName,
  version: version as Version,
  hashes,
})

const PINS = `# of uv.lock
# nobody signed these

# six: ask SEC-9
six==1.17.0 \\
    --hash=sha256:${A} \\
    --hash=sha256:${B}
tzdata==2025.1 --hash=sha256:${C} # by mail
`

const file = (text: string) => ({ path: 'app.txt', text })
const add = (text: string, ...pins: readonly Pin[]) => addPins(file(text), pins).text

t.test('a release is a block where the order of the file has it', async t => {
  t.equal(
    add(PINS, pin('six', '1.18.0', B, A)),
    PINS.replace('tzdata', `six==1.18.0 \\\n    --hash=sha256:${A} \\\n    --hash=sha256:${B}\ntzdata`),
  )
  t.equal(add(PINS, pin('six', '1.9.0', C)), PINS.replace('# six', `six==1.9.0 \\\n    --hash=sha256:${C}\n# six`))
  t.equal(add(PINS, pin('zope', '1', C)), `${PINS}zope==1 \\\n    --hash=sha256:${C}\n`)
  t.equal(add(`z==1 --hash=sha256:${A}\na==1 --hash=sha256:${A}\n`, pin('m', '1', B)).split('\n')[2], 'm==1 \\')
})

t.test('hashes come to those of their release, above a comment', async t => {
  t.equal(
    add(PINS, pin('six', '1.17', C)),
    PINS.replace(`sha256:${B}\n`, `sha256:${B} \\\n    --hash=sha256:${C}\n`),
    'equal versions are one release',
  )
  t.equal(add(PINS, pin('tzdata', '2025.1', A)), PINS.replace(`sha256:${C} #`, `sha256:${C} --hash=sha256:${A} #`))
  t.equal(add(PINS, pin('six', '1.17.0', A, B)), PINS, 'and what is there stays')
})

t.test('what goes takes its comment with it, and no other', async t => {
  const without = (text: string, ...projects: readonly string[]) =>
    removePins(file(text), new Set(projects as readonly ProjectName[])).text
  t.equal(without(PINS, 'six'), `# of uv.lock\n# nobody signed these\n\ntzdata==2025.1 --hash=sha256:${C} # by mail\n`)
  t.equal(without(PINS, 'tzdata'), PINS.replace(/tzdata.*\n/, ''))
  t.equal(without(PINS, 'absent'), PINS)
  t.strictSame(readPins(without(PINS, 'six', 'tzdata')).releases, [])
})

t.test('lines end as they did, and so does the file', async t => {
  const windows = PINS.replaceAll('\n', '\r\n')
  const more = [pin('six', '1.17.0', C), pin('zope', '1', A, B), pin('a', '1', A)]
  t.equal(add(windows, ...more), add(PINS, ...more).replaceAll('\n', '\r\n'))
  const bare = PINS.slice(0, -1)
  t.equal(add(bare, ...more), add(PINS, ...more).slice(0, -1))
  t.equal(removePins(file(bare), new Set(['tzdata' as ProjectName])).text, PINS.replace(/\ntzdata.*\n/, ''))
})

t.test('a new file is in order, with its comment', async t => {
  t.equal(
    writePins('a.txt', [pin('b', '1', A), pin('a', '10', B), pin('a', '9', A), pin('b', '1.0', B)], ['of uv.lock'])
      .text,
    `# of uv.lock
a==9 \\
    --hash=sha256:${A}
a==10 \\
    --hash=sha256:${B}
b==1 \\
    --hash=sha256:${A} \\
    --hash=sha256:${B}
`,
  )
})

t.test('a text that would pin anything else is never handed out', async t => {
  t.throws(() => add('six==1 --hash=md5:0\n', pin('a', '1', A)), { code: 'usage' })
})
