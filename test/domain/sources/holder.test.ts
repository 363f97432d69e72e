import t from 'tap'
import type { SourceName } from '../../../src/domain/base/source-name.ts'
import type { UpstreamUrl } from '../../../src/domain/packaging/artifact.ts'
import { type ProjectName, parseProjectName } from '../../../src/domain/packaging/name.ts'
import { type Holder, holderOf } from '../../../src/domain/sources/holder.ts'

const NAMES = { acme: 'acme' as SourceName, torch: 'torch' as SourceName, pypi: 'pypi' as SourceName }
const ALL: readonly Holder[] = [
  { rule: { name: NAMES.acme, owns: ['acme-*'], only: undefined }, places: ['https://acme.example'] },
  { rule: { name: NAMES.torch, owns: [], only: ['torch'] }, places: ['https://torch.example'] },
  { rule: { name: NAMES.pypi, owns: [], only: undefined }, places: ['https://pypi.example', 'https://files.example'] },
]

function whose(project: string, origin: string, holders = ALL, source?: SourceName): SourceName | undefined {
  const url = `${origin}/packages/a.whl` as UpstreamUrl
  return holderOf({ project: parseProjectName(project), source, url }, holders)
}

t.test('a held file is of the source that was written down', async t => {
  t.equal(whose('acme-core', 'https://files.example', ALL, NAMES.pypi), 'pypi')
  t.equal(whose('tools', 'https://old.example', ALL, NAMES.pypi), 'pypi', 'from where nobody is')
  t.equal(whose('tools', 'https://old.example', ALL, 'gone' as SourceName), 'gone')
})

t.test('of a source that is called otherwise by now, it is still', async t => {
  const old = 'old' as SourceName
  t.equal(whose('tools', 'https://acme.example', ALL, old), 'acme')
  t.equal(whose('tools', 'https://files.example', ALL, old), 'pypi')
  const [acme, , pypi] = ALL
  if (acme === undefined || pypi === undefined) return
  const twins = [acme, { ...pypi, places: acme.places }]
  t.equal(whose('tools', 'https://acme.example', twins, old), 'old', 'which of two, nobody knows')
  t.equal(whose('tools', 'https://acme.example', twins, NAMES.pypi), 'pypi')
})

t.test('sources at one origin are told apart by the places below it', async t => {
  const at = (name: SourceName, path: string, owns: readonly string[] = []): Holder => ({
    rule: { name, owns, only: undefined },
    places: [`https://nexus.example${path}`],
  })
  const url = (path: string) => `https://nexus.example${path}` as UpstreamUrl
  const [tools, core] = ['tools', 'acme-core'].map(parseProjectName) as [ProjectName, ProjectName]
  const [old, nexus] = ['old', 'nexus'] as [SourceName, SourceName]
  const renamed = [at(nexus, '/local', ['acme-*']), at(NAMES.pypi, '/proxy')]
  const local = url('/local/packages/a.whl')
  t.equal(holderOf({ project: tools, source: old, url: local }, renamed), 'nexus', 'called otherwise by now')
  t.equal(holderOf({ project: core, source: old, url: local }, renamed), 'nexus')
  t.equal(holderOf({ project: core, source: undefined, url: local }, renamed), 'nexus', 'nobody else could bring it')
  t.equal(holderOf({ project: tools, source: NAMES.pypi, url: local }, renamed), undefined, 'their names were swapped')
  t.equal(holderOf({ project: tools, source: old, url: url('/local-2/a.whl') }, renamed), 'old', 'below neither')
  t.equal(holderOf({ project: tools, source: old, url: url('/local/..%2fproxy/a.whl') }, renamed), 'old')
  const within = [at(nexus, '/local', ['acme-*']), at(NAMES.pypi, '')]
  t.equal(holderOf({ project: core, source: undefined, url: local }, within), undefined, 'either could have brought it')
  t.equal(holderOf({ project: core, source: old, url: local }, within), 'old', 'so that nobody here has it')
})

t.test('what came from another source’s origin is nobody’s, whatever is called so by now', async t => {
  t.equal(whose('tools', 'https://files.example', ALL, NAMES.acme), undefined)
  t.equal(whose('acme-core', 'https://files.example', ALL, NAMES.acme), undefined)
})

t.test('of one from before, the source is where its bytes came from', async t => {
  t.equal(whose('tools', 'https://files.example'), 'pypi')
  t.equal(whose('tools', 'https://acme.example'), 'acme')
  t.equal(whose('torch', 'https://torch.example'), 'torch')
  t.equal(whose('acme-core', 'https://acme.example'), 'acme')
})

t.test('from where nobody is now, it is of the last that may be asked about it', async t => {
  t.equal(whose('tools', 'https://old.example'), 'pypi')
  t.equal(whose('tools', 'https://old.example', ALL.slice(0, 2)), 'acme', 'the other one may not')
})

t.test('a name that is owned is nobody’s while another could have brought it', async t => {
  t.equal(whose('acme-core', 'https://old.example'), undefined)
  t.equal(whose('acme-core', 'https://files.example'), undefined)
  const [acme, , pypi] = ALL
  if (acme === undefined || pypi === undefined) return
  t.equal(whose('acme-core', 'https://acme.example', [acme, { ...pypi, places: acme.places }]), undefined)
  t.equal(whose('acme-core', 'https://old.example', [acme]), 'acme', 'of one source there is')
})

t.test('what comes from where a source may not be asked about the name is nobody’s', async t =>
  t.equal(whose('tools', 'https://torch.example'), undefined),
)
