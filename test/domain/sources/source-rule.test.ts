import t from 'tap'
import type { SourceName } from '../../../src/domain/base/source-name.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import {
  askable,
  askedBefore,
  isOwned,
  ownedInVain,
  ownedTwice,
  type SourceRule,
} from '../../../src/domain/sources/source-rule.ts'

function source(name: string, rule: Partial<Pick<SourceRule, 'owns' | 'only'>> = {}): SourceRule {
  return { name: name as SourceName, owns: [], only: undefined, ...rule }
}

const acme = source('acme', { owns: ['acme-*', 'left-hand'] })
const pypi = source('pypi')
const pytorch = source('pytorch', { only: ['torch', 'torch-*'] })
const everywhere = [acme, pypi, pytorch]

t.test('a name that somebody owns is asked of him alone', async t => {
  for (const name of ['acme-core', 'ACME_Core', 'left.hand'])
    t.same(askable(parseProjectName(name), { here: everywhere, everywhere }), { kind: 'owned', by: 'acme' }, name)
})

t.test('before a source those are asked that come first and may be, and nobody before an owner', async t => {
  const before = (name: string, of: SourceRule, here = everywhere) =>
    askedBefore(of.name, parseProjectName(name), { here, everywhere })
  t.same(before('flask', pypi), ['acme'])
  t.same(before('flask', pypi, [pytorch, pypi, acme]), [])
  t.same(before('torch', acme, [pytorch, pypi, acme]), ['pytorch', 'pypi'])
  t.equal(before('acme-core', acme), undefined)
  t.equal(before('flask', pytorch), undefined, 'which is not asked')
})

t.test('where the index lacks the owner, nobody is asked', async t => {
  const here = [pypi, pytorch]
  t.same(askable(parseProjectName('acme-core'), { here, everywhere }), { kind: 'elsewhere', by: 'acme' })
})

t.test('a name that nobody owns is asked in the order of the index, of those that may be asked about it', async t => {
  const of = (name: string, here = everywhere) => askable(parseProjectName(name), { here, everywhere })
  t.same(of('flask'), { kind: 'in-order', sources: ['acme', 'pypi'] })
  t.same(of('torch'), { kind: 'in-order', sources: ['acme', 'pypi', 'pytorch'] })
  t.same(of('torch-vision', [pytorch, acme]), { kind: 'in-order', sources: ['pytorch', 'acme'] })
  t.same(of('flask', [pytorch]), { kind: 'in-order', sources: [] })
})

t.test('ownership is of a name in its normal form, and ends where its glob ends', async t => {
  t.equal(isOwned(parseProjectName('Acme._-x'), everywhere), true)
  t.equal(isOwned(parseProjectName('acmecore'), everywhere), false)
  t.equal(isOwned(parseProjectName('acme'), everywhere), false)
})

t.test('two sources that own one name are told with the globs that meet', async t => {
  const ml = source('ml', { owns: ['*-core', 'other'] })
  t.same(ownedTwice([acme, pypi, ml]), [{ by: ['acme', 'ml'], globs: ['acme-*', '*-core'] }])
  t.same(ownedTwice([acme, pypi, pytorch]), [])
})

t.test('what a source owns and may not be asked about is told', async t => {
  t.same(ownedInVain({ owns: ['acme-*', 'acme-core', 'other'], only: ['acme-*'] }), ['other'])
  t.same(ownedInVain({ owns: ['acme-*'], only: ['acme-a*', 'acme-b*'] }), ['acme-*'])
  t.same(ownedInVain({ owns: ['acme-*'], only: undefined }), [])
})
