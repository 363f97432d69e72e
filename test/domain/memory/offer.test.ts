import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import { letGo } from '../../../src/domain/memory/letting-go.ts'
import { type Offer, offerAfter } from '../../../src/domain/memory/offer.ts'
import { type Facts, learn, ProjectMemory } from '../../../src/domain/memory/project-memory.ts'
import { parseVersion } from '../../../src/domain/packaging/version.ts'
import { fileOf, PKG, pageOf, proved } from '../../store/facts.ts'
import { START } from '../../store/stores.ts'

const [MINUTE, DAY] = [60_000, 86_400_000]
const NAME = 'pkg-1.0.tar.gz'
const VERSION = parseVersion('1.0')
const at = (later: number) => instant(START + later)
const bare = fileOf(NAME)
const offered = { ...bare, offered: true }
const page = (file: typeof bare, later: number): Facts => pageOf([file], at(later))

function after(...facts: readonly Facts[]): ProjectMemory {
  return facts.reduce((memory, each) => learn(memory, each).memory, ProjectMemory.of(PKG))
}
/** Since when an offer counts against files without any. */
const counts = (...facts: readonly Facts[]) =>
  VERSION === undefined ? undefined : after(...facts).history.attestedInRelease(VERSION)?.offered

t.test('provenance that one page offered counts while that page is the newest, and not afterwards', async t => {
  t.equal(counts(page(offered, 0)), at(0))
  t.equal(counts(page(offered, 0), page(bare, MINUTE)), undefined)
  t.equal(counts(page(offered, 0), page(bare, 365 * DAY)), undefined, 'however long nobody looked again')
  t.equal(counts(page(bare, 0), page(offered, 1), page(bare, 2)), undefined)
  t.equal(counts(page(offered, 0), pageOf([], at(1))), undefined, 'nor once the file is gone')
  t.equal(counts(page(offered, 0), page(offered, 10 * MINUTE - 1), page(bare, DAY)), undefined, 'nor that two did')
  for (const unread of [undefined, NAME])
    for (const facts of [[page(offered, 0)], [page(bare, 0), page(offered, DAY)]])
      t.equal(
        counts(...facts, { page: { at: at(2 * DAY), status: 'active', files: [], unread: [unread] } }),
        undefined,
        `nor where an entry cannot be read (${unread})`,
      )
})

t.test('what two pages offer ten minutes apart counts for good, since the first of them', async t => {
  const twice = [page(offered, 0), page(offered, 10 * MINUTE)]
  t.equal(counts(...twice, page(bare, DAY)), at(0))
  t.equal(counts(...twice, pageOf([], at(DAY))), at(0))
  t.equal(counts(page(offered, 0), { reread: at(10 * MINUTE) }, page(bare, DAY)), at(0), 'the page was the same')
  t.equal(counts(...twice, page(bare, DAY), page(offered, 2 * DAY)), at(0))
})

t.test('a page in between that does not offer it begins anew', async t => {
  t.equal(counts(page(offered, 0), page(bare, 1), page(offered, 11 * MINUTE), page(bare, DAY)), undefined)
  t.equal(counts(page(offered, 0), pageOf([], at(1)), page(offered, DAY), page(bare, 2 * DAY)), undefined)
  const none: Offer = { offered: undefined, offering: undefined }
  t.strictSame(offerAfter(offerAfter(none, true, at(DAY)), true, at(0)), { offered: undefined, offering: at(0) })
})

t.test('an offer can be let go of, and what was proved stays', async t => {
  const memory = after(page(offered, 0), page(offered, DAY), { proofs: [proved(NAME)] })
  for (const filename of [NAME, undefined]) {
    const without = letGo(memory, { what: 'offer', filename })
    t.equal(without.sightings.get(NAME)?.offered, undefined)
    t.equal(without.proofs, memory.proofs)
    t.equal(letGo(without, { what: 'offer', filename }), without, 'then there is nothing to let go of')
  }
  t.equal(letGo(memory, { what: 'offer', filename: 'pkg-2.0.tar.gz' }), memory, 'of one file alone')
  const pending = letGo(after(page(offered, 0)), { what: 'offer', filename: undefined })
  t.equal(pending.sightings.get(NAME)?.offering, undefined)
})
