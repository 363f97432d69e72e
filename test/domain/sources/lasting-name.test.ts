import t from 'tap'
import type { SourceName } from '../../../src/domain/base/source-name.ts'
import { lastingName, nameNow } from '../../../src/domain/sources/lasting-name.ts'

const placed = (name: string, place: string) => ({ name: name as SourceName, place })
const ACME = placed('acme', 'https://a.example')
const PYPI = placed('pypi', 'https://p.example')

t.test('a source is found again by its URL, else by its name, else not at all', async t => {
  const written = lastingName(ACME)
  t.equal(nameNow(written, [ACME, PYPI]), 'acme')
  t.equal(nameNow(written, [placed('nexus', ACME.place), PYPI]), 'nexus')
  t.equal(nameNow(written, [placed('pypi', ACME.place), placed('acme', PYPI.place)]), 'pypi')
  t.equal(nameNow(written, [placed('acme', 'https://b.example')]), 'acme')
  t.equal(nameNow(written, [PYPI]), 'acme', 'which nobody is called')
  t.equal(nameNow('acme' as SourceName, [ACME, PYPI]), 'acme', 'as it was written before URLs were')
  t.equal(nameNow(written, [placed('twin', ACME.place), ACME]), 'acme', 'of two at one URL the one of the name')
})
