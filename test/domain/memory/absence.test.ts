// guards: src/domain/memory/sighting.ts
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { letGo } from '../../../src/domain/memory/letting-go.ts'
import { type Facts, learn, ProjectMemory } from '../../../src/domain/memory/project-memory.ts'
import type { ListedFile } from '../../../src/domain/memory/sighting.ts'
import { parseVersion } from '../../../src/domain/packaging/version.ts'
import { fileOf, PKG, proved } from '../../store/facts.ts'
import { START } from '../../store/stores.ts'

const [MINUTE, DAY] = [60_000, 86_400_000]
const NAME = 'pkg-1.0.tar.gz'
const WHEEL = 'pkg-1.0-py3-none-any.whl'
const OLD = instant(START - 1_000 * DAY)
const [sdist, wheel] = [NAME, WHEEL].map(name => ({ ...fileOf(name), uploaded: OLD })) as [ListedFile, ListedFile]
const at = (later: number) => instant(START + later)
const BOTH = [sdist, wheel]

/** The page at this time, with these files; `unread`: with entries that could not be read. */
const page = (later: number, files: readonly ListedFile[], ...unread: readonly (string | undefined)[]): Facts => ({
  page: { at: at(later), status: 'active', files, unread },
})

function after(...facts: readonly Facts[]): ProjectMemory {
  return facts.reduce((memory, each) => learn(memory, each).memory, ProjectMemory.of(PKG))
}
/** As it counts for good. */
const missed = (...facts: readonly Facts[]) => after(...facts).history.missedAt(WHEEL)
/** As it counts for a cooldown, which passes. */
const absent = (...facts: readonly Facts[]) => after(...facts).history.absentAt(WHEEL)

t.test('a file that one page left out came when the index says, however long nobody looked again', async t => {
  for (const later of [1, MINUTE, 11 * MINUTE, 365 * DAY]) {
    t.equal(missed(page(0, [sdist]), page(later, BOTH)), undefined, `seen first ${later} ms later`)
    t.equal(
      missed(page(0, BOTH), page(1, [sdist]), page(later + 1, BOTH)),
      undefined,
      `and seen again ${later} ms later`,
    )
    t.equal(missed(page(0, []), page(later, BOTH)), undefined, 'nor where it left out all of them')
  }
})

t.test('one that was missing in readings ten minutes apart came after the last of them', async t => {
  const missing = (first: number, last: number) => [page(first, [sdist]), page(last, [sdist])]
  t.equal(missed(...missing(0, 10 * MINUTE), page(DAY, BOTH)), at(10 * MINUTE))
  t.equal(missed(...missing(0, 10 * MINUTE - 1), page(DAY, BOTH)), undefined)
  t.equal(missed(page(0, [sdist]), { reread: at(DAY) }, page(2 * DAY, BOTH)), at(DAY), 'the page was the same')
  t.equal(missed(page(0, BOTH), ...missing(1, 11 * MINUTE), page(DAY, BOTH)), at(11 * MINUTE), 'gone, and there again')
  t.equal(
    missed(page(0, []), page(11 * MINUTE, []), page(DAY, BOTH)),
    at(11 * MINUTE),
    'of a project that listed nothing at all',
  )
})

t.test('what it was late by stays, whatever page leaves it out afterwards', async t => {
  const late = [page(0, [sdist]), page(DAY, [sdist]), page(2 * DAY, BOTH)]
  t.equal(missed(...late), at(DAY))
  t.equal(missed(...late, page(3 * DAY, [sdist]), page(4 * DAY, BOTH)), at(DAY))
  t.equal(missed(...late, page(3 * DAY, [sdist]), page(4 * DAY, [sdist]), page(5 * DAY, BOTH)), at(4 * DAY))
  t.equal(missed(...late, page(3 * DAY, [sdist], WHEEL), page(4 * DAY, BOTH)), at(DAY))
})

t.test('for a cooldown, which passes, one page without it is enough', async t => {
  t.equal(absent(page(0, [sdist]), page(DAY, BOTH)), at(0))
  t.equal(absent(page(0, BOTH), page(DAY, [sdist]), page(2 * DAY, BOTH)), at(DAY))
  t.equal(
    absent(page(0, BOTH), page(DAY, [sdist], WHEEL), page(2 * DAY, BOTH)),
    undefined,
    'but for one that is known, and whose entry could not be read',
  )
})

t.test('for a cooldown a page counts on which anything could not be read, the file itself too', async t => {
  for (const unread of [undefined, WHEEL, 'pkg-3.0.zip']) {
    const odd = (later: number) => page(later, [sdist], unread)
    t.equal(absent(odd(0), odd(DAY), page(2 * DAY, BOTH)), at(DAY), `${unread}`)
    t.equal(absent(page(0, [sdist]), odd(DAY), page(2 * DAY, BOTH)), at(DAY), `${unread}, after one that told all`)
    t.equal(missed(odd(0), odd(DAY), page(2 * DAY, BOTH)), undefined, `${unread}: for good it does not`)
  }
  t.equal(
    absent(page(0, BOTH), page(1, [sdist]), page(DAY, [sdist], undefined), page(2 * DAY, BOTH)),
    at(DAY),
    'of one that was gone',
  )
})

t.test('for a cooldown a file is as old as the sha256 that it has', async t => {
  const [bare, other] = [
    { ...wheel, sha256: undefined },
    { ...wheel, sha256: sha256Of('other') },
  ]
  const swapped = [page(0, BOTH), page(8 * DAY, [sdist, other]), page(9 * DAY, [sdist, other])]
  t.equal(absent(...swapped), at(8 * DAY), 'another one that lasted counts from its first sight')
  t.equal(absent(page(0, BOTH), page(8 * DAY, [sdist, other]), { agreed: [other] }), at(8 * DAY), 'or was agreed on')
  t.equal(absent(page(0, BOTH), page(8 * DAY, [sdist, other]), { reread: at(9 * DAY) }), at(8 * DAY))
  t.equal(absent(page(0, BOTH), page(1, [sdist, other]), page(DAY, BOTH)), undefined, 'one that did not last, never')
  t.equal(absent(page(0, [sdist, bare]), page(8 * DAY, BOTH)), at(8 * DAY), 'as does the first')
  t.equal(absent(page(0, [sdist, bare, wheel])), undefined, 'but for one entry beside another')
  t.equal(missed(...swapped), undefined, 'and nothing is late by that')
})

t.test('a sha256 that was let go of makes nothing younger where it comes back', async t => {
  const other = { ...wheel, sha256: sha256Of('other') }
  const without = letGo(after(page(0, BOTH)), { what: 'digest', filename: undefined })
  const next = (...files: readonly ListedFile[]) => learn(without, page(8 * DAY, files)).memory
  t.equal(next(...BOTH).history.absentAt(WHEEL), undefined)
  t.equal(next(...BOTH).sightings.get(WHEEL)?.other, undefined)
  t.equal(next(sdist, other).history.absentAt(WHEEL), at(8 * DAY), 'another one is as old as it is known')
  t.equal(next(sdist, other).sightings.get(WHEEL)?.sha256, other.sha256, 'and is the first at once')
  const same = learn(without, { reread: at(DAY) }).memory
  t.equal(same.sightings.get(WHEEL)?.sha256, undefined, 'a page that is the same gives none')
})

t.test('a page on which the entry of a file could not be read says nothing of when it came', async t => {
  for (const [what, unread] of [
    ['that entry', WHEEL],
    ['an entry without a name', undefined],
  ] as const) {
    const odd = (later: number) => page(later, [sdist], unread)
    t.equal(missed(odd(0), odd(DAY), page(2 * DAY, BOTH)), undefined, `${what}, from the first sight on`)
    t.equal(missed(odd(0), { reread: at(DAY) }, page(2 * DAY, BOTH)), undefined, `${what}, and the page is the same`)
    t.equal(missed(page(0, [sdist]), odd(DAY), page(2 * DAY, BOTH)), undefined, `${what}, after one page without it`)
    const memory = after(page(0, BOTH), page(10 * MINUTE, BOTH), odd(DAY))
    t.equal(memory.sightings.get(WHEEL)?.gone, undefined, `${what}: it is not gone`)
  }
  const back = after(page(0, BOTH), page(1, [sdist]), page(MINUTE, [sdist], WHEEL), page(DAY, [sdist], WHEEL))
  t.equal(back.sightings.get(WHEEL)?.gone, undefined, 'one that was gone is there')
  t.equal(learn(back, page(2 * DAY, BOTH)).memory.history.missedAt(WHEEL), undefined)
})

t.test('what could not be read of other files changes nothing for those that are known', async t => {
  const odd = (later: number) => page(later, [sdist], NAME)
  t.equal(missed(page(0, [sdist]), odd(1), odd(DAY), page(2 * DAY, BOTH)), at(DAY))
  t.equal(
    missed(page(0, [sdist]), page(DAY, [sdist]), page(2 * DAY, [sdist], 'pkg-3.0.zip'), page(3 * DAY, BOTH)),
    at(DAY),
    'and what counted before an entry came that nobody can read counts on',
  )
})

t.test('a page that is learned in parts tells no other times', async t => {
  const before = after(page(0, [sdist]), page(DAY, [sdist]))
  const inParts = learn(before, { listed: { at: at(2 * DAY), files: [wheel] } }).memory
  t.equal(learn(inParts, page(2 * DAY, BOTH)).memory.history.missedAt(WHEEL), at(DAY))
})

t.test('a release came when its first file did, and one page without it changes nothing', async t => {
  const version = parseVersion('1.0')
  if (version === undefined) throw new TypeError('1.0 is a version')
  t.equal(after(page(0, []), page(DAY, BOTH)).history.releasedAt(version), OLD)
  t.equal(after(page(0, [sdist]), page(DAY, BOTH)).history.releasedAt(version), OLD)
})

t.test('that a file was missing can be let go of', async t => {
  const late = after(page(0, [sdist]), page(DAY, [sdist]), page(2 * DAY, BOTH))
  for (const filename of [WHEEL, undefined]) {
    const without = letGo(late, { what: 'arrival', filename })
    const { history } = without
    t.equal(history.missedAt(WHEEL), undefined)
    t.equal(history.absentAt(WHEEL), undefined)
    t.equal(learn(without, page(3 * DAY, BOTH)).memory.sightings.get(WHEEL)?.uploaded, OLD, 'the index says it anew')
  }
  const other = letGo(late, { what: 'arrival', filename: NAME })
  t.equal(other.history.missedAt(WHEEL), at(DAY), 'of one file alone')
  t.equal(letGo(other, { what: 'arrival', filename: NAME }), other, 'then there is nothing to let go of')
  t.strictSame(letGo(late, { what: 'arrival', filename: WHEEL }).reading, late.reading)
})

t.test('a false upload time on one page makes no other file of the release late', async t => {
  const version = parseVersion('1.0')
  if (version === undefined) throw new TypeError('1.0 is a version')
  const [early, late] = [
    { ...sdist, uploaded: instant(0) },
    { ...sdist, uploaded: at(-DAY) },
  ]
  const released = (...facts: readonly Facts[]) => after(...facts).history.releasedAt(version)
  t.equal(released(page(0, [early, wheel]), page(1, BOTH)), OLD, 'too early, at first sight')
  t.equal(released(page(0, [early, wheel]), page(DAY, BOTH)), OLD, 'and nobody looked for long')
  t.equal(released(page(0, BOTH), page(1, [early, wheel]), page(2, BOTH)), OLD, 'afterwards')
  t.equal(released(page(0, BOTH), page(DAY, [early, wheel])), OLD)
  const times = (...facts: readonly Facts[]) => after(...facts).sightings.get(NAME)?.uploaded
  t.equal(times(page(0, [sdist]), page(1, [late])), at(-DAY), 'one that makes it younger is taken while it is new')
  t.equal(times(page(0, [sdist]), { reread: at(10 * MINUTE) }, page(DAY, [late])), OLD, 'and not for long')
  t.equal(times(page(0, [sdist]), page(DAY, [{ ...sdist, uploaded: undefined }])), OLD)
  t.equal(times(page(0, [{ ...sdist, uploaded: undefined }]), page(DAY, [sdist])), OLD)
})

t.test('an old file that one page listed makes no other file of its release late', async t => {
  const version = parseVersion('1.0')
  if (version === undefined) throw new TypeError('1.0 is a version')
  const released = (...facts: readonly Facts[]) => after(...facts).history.releasedAt(version)
  const phantom = { ...sdist, uploaded: instant(0) }
  const [none, both] = [[wheel], [phantom, wheel]]
  t.equal(released(page(0, both)), instant(0), 'but while the page lists it')
  t.equal(released(page(0, none), page(1, both), page(MINUTE, none)), OLD)
  t.equal(released(page(0, both), page(365 * DAY, none)), OLD, 'at first sight, and nobody looked again for long')
  const nameless = (later: number) => page(later, none, undefined)
  t.equal(released(page(0, both), nameless(1), nameless(DAY)), OLD, 'whatever else cannot be read')
  t.equal(released(page(0, both), page(MINUTE, none), page(DAY, both), page(DAY + 1, none)), instant(0), 'twice')
  t.equal(released(page(0, both), page(10 * MINUTE, both), page(DAY, none)), instant(0), 'nor one that was there twice')
  const proofs = [proved(NAME)]
  t.equal(released({ ...page(0, both), proofs }, page(MINUTE, none)), instant(0), 'nor one that was proved')
})
