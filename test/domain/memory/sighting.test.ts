import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { letGo } from '../../../src/domain/memory/letting-go.ts'
import { type Facts, learn, ProjectMemory } from '../../../src/domain/memory/project-memory.ts'
import { claims } from '../../../src/domain/memory/sighting.ts'
import { fileOf, PKG, pageOf, proved } from '../../store/facts.ts'
import { START } from '../../store/stores.ts'

const [MINUTE, DAY] = [60_000, 86_400_000]
const NAME = 'pkg-1.0.tar.gz'
const [FALSE, RIGHT] = [fileOf(NAME, 'false'), fileOf(NAME, 'right')]
const at = (later: number) => instant(START + later)
const page = (file: typeof FALSE, later: number): Facts => pageOf([file], at(later))

function after(...facts: readonly Facts[]): ProjectMemory {
  return facts.reduce((memory, each) => learn(memory, each).memory, ProjectMemory.of(PKG))
}
const digestAfter = (...facts: readonly Facts[]) => after(...facts).sightings.get(NAME)?.sha256
const settled = (sha256: typeof FALSE.sha256): Facts => ({ settled: [{ filename: NAME, sha256, at: at(1) }] })

t.test('a first sha256 whose bytes nobody had gives way to one that is given for ten minutes', async t => {
  t.equal(digestAfter(page(FALSE, 0), page(RIGHT, 1)), FALSE.sha256)
  t.equal(digestAfter(page(FALSE, 0), page(RIGHT, 1), page(RIGHT, 9 * MINUTE)), FALSE.sha256)
  t.equal(digestAfter(page(FALSE, 0), page(RIGHT, 1), page(RIGHT, 11 * MINUTE)), RIGHT.sha256)
  t.equal(digestAfter(page(FALSE, 0), page(RIGHT, 1), { reread: at(11 * MINUTE) }), RIGHT.sha256, 'read as the same')
})

t.test('or to one that another document of the index gives too', async t => {
  const agreed = (sha256: typeof FALSE.sha256): Facts => ({ agreed: [{ filename: NAME, sha256 }] })
  t.equal(digestAfter(page(FALSE, 0), page(RIGHT, 1), agreed(RIGHT.sha256)), RIGHT.sha256)
  t.equal(digestAfter(page(FALSE, 0), page(RIGHT, 1), agreed(sha256Of('third'))), FALSE.sha256, 'not a third one')
  t.equal(digestAfter(page(FALSE, 0), agreed(RIGHT.sha256)), FALSE.sha256, 'not without the page')
})

t.test('but never where the bytes were had or proved', async t => {
  const facts = [page(FALSE, 0), settled(FALSE.sha256), page(RIGHT, 1), page(RIGHT, 11 * MINUTE), page(RIGHT, 99 * DAY)]
  t.equal(digestAfter(...facts), FALSE.sha256)
  t.equal(digestAfter(...facts, { agreed: [RIGHT] }), FALSE.sha256)
  t.equal(digestAfter(...facts, { reread: at(100 * DAY) }), FALSE.sha256)
})

t.test('a page that takes it back begins anew', async t => {
  t.equal(digestAfter(page(FALSE, 0), page(RIGHT, 1), page(FALSE, MINUTE), page(RIGHT, 20 * MINUTE)), FALSE.sha256)
})

t.test('a listing that was there once claims a file for a day after it is gone, one that stayed for good', async t => {
  const gone = (later: number): Facts => pageOf([], at(later))
  const claimedAt = (later: number, ...facts: readonly Facts[]) => {
    const sighting = after(...facts).sightings.get(NAME)
    return sighting !== undefined && claims(sighting, at(later))
  }
  t.equal(claimedAt(365 * DAY, page(RIGHT, 0)), true, 'while it is there')
  t.equal(claimedAt(DAY, page(RIGHT, 0), gone(MINUTE)), true)
  t.equal(claimedAt(DAY + 2 * MINUTE, page(RIGHT, 0), gone(MINUTE)), false)
  t.equal(claimedAt(365 * DAY, page(RIGHT, 0), page(RIGHT, 11 * MINUTE), gone(12 * MINUTE)), true)
})

t.test('a file is not absent until a time that lies ahead', async t => {
  const memory = after(pageOf([], at(365 * DAY)), page(RIGHT, 0))
  t.equal(memory.sightings.get(NAME)?.absent, at(0), 'whatever the clock said when the page was read before')
})

t.test('bytes that are had after somebody let go of a sha256 have the first one again', async t => {
  const gone = letGo(after(page(FALSE, 0), settled(FALSE.sha256)), { what: 'digest', filename: NAME })
  const { memory } = learn(gone, settled(RIGHT.sha256))
  t.equal(memory.sightings.get(NAME)?.sha256, RIGHT.sha256)
  t.equal(learn(memory, page(FALSE, 99 * DAY)).memory.sightings.get(NAME)?.sha256, RIGHT.sha256)
})

t.test('what is let go of is gone, and nothing else', async t => {
  const other = fileOf('pkg-2.0.tar.gz')
  const proofs = [proved(NAME), proved('pkg-2.0.tar.gz')]
  const memory = after(
    { ...pageOf([RIGHT, other], at(0)), serial: 7, proofs, ...settled(RIGHT.sha256) },
    { ...pageOf([other], at(1)) },
  )
  const digest = letGo(memory, { what: 'digest', filename: NAME })
  t.equal(digest.sightings.get(NAME)?.sha256, undefined)
  t.equal(digest.settled.size, 0)
  t.equal(digest.sightings.get('pkg-2.0.tar.gz')?.sha256, other.sha256)
  t.equal(digest.serial, 7)
  t.equal(letGo(memory, { what: 'serial', filename: undefined }).serial, undefined)
  t.strictSame([...letGo(memory, { what: 'path', filename: NAME }).sightings.keys()], ['pkg-2.0.tar.gz'])
  t.equal(letGo(memory, { what: 'path', filename: 'pkg-2.0.tar.gz' }), memory, 'it is listed now')
  t.strictSame([...letGo(memory, { what: 'identity', filename: NAME }).proofs.keys()], ['pkg-2.0.tar.gz'])
  t.equal(letGo(memory, { what: 'identity', filename: undefined }).history.first, undefined)
  for (const what of ['digest', 'serial', 'path', 'arrival', 'identity'] as const) {
    const nothing = ProjectMemory.of(PKG)
    t.equal(letGo(nothing, { what, filename: undefined }), nothing, what)
  }
})
