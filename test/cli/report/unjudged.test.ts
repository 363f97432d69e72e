import t from 'tap'
import {
  failuresIn,
  findingsIn,
  renderNames,
  renderSkipped,
  renderUnjudged,
  tellFailures,
  unjudgedIn,
} from '../../../src/cli/report/unjudged.ts'
import type { Lock, Unjudged, UnjudgedKind } from '../../../src/protocol/lockfiles/lock.ts'
import { drawn } from '../terminal/on-paper.ts'

const entry = (kind: UnjudgedKind, name: string): Unjudged => ({
  kind,
  name,
  version: undefined,
  why: `${name} is elsewhere`,
  index: undefined,
  line: 7,
})
const LOCK: Lock = {
  path: 'uv.lock',
  kind: 'uv',
  packages: [],
  unjudged: [entry('url', 'direct'), entry('own', 'me'), entry('internal', 'ours')],
}
const names = (entries: readonly Unjudged[]) => entries.map(({ name }) => name)

t.test('everything is told, and fails but for the project itself and names that are internal', async t => {
  t.strictSame(names(unjudgedIn([LOCK])), ['direct', 'me', 'ours'])
  t.strictSame(names(findingsIn([LOCK])), ['direct'])
  t.strictSame(names(failuresIn([LOCK], {})), ['direct'])
  t.strictSame(failuresIn([LOCK], { allowUnjudged: true }), [])
})

t.test('each is told with its place and why, and for its kind what helps', async t =>
  t.match(
    drawn(screen => renderUnjudged(screen, findingsIn([LOCK]))),
    /^! direct: not judged {2}uv\.lock:7\n {4}direct is elsewhere\n {2}Nobody here can prove who made it: .*--allow-unjudged\.\n$/,
  ),
)

t.test('what fails is counted, and nothing is said where nothing fails', async t => {
  t.match(
    drawn(screen => tellFailures(screen, findingsIn([LOCK]))),
    /^1 entry not judged: /,
  )
  t.equal(
    drawn(screen => tellFailures(screen, [])),
    '',
  )
})

t.test('what was skipped for a reason that is no concern is named all the same, and many are counted', async t => {
  t.equal(
    drawn(screen => renderSkipped(screen, [LOCK, LOCK])),
    '– not judged, the project itself: me\n– not judged, under index.internal: ours\n',
  )
  const many = Array.from({ length: 15 }, (_, index) => `p${index}`)
  t.match(
    drawn(screen => renderNames(screen, 'left out', many)),
    /^– left out: p0, .*, p11 and 3 more\n$/,
  )
})
