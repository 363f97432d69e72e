import t from 'tap'
import type { RefusedFile } from '../../../src/domain/decide/verdict.ts'
import { parseDistFilename } from '../../../src/domain/packaging/filename.ts'
import { parsePythonTarget } from '../../../src/domain/packaging/targets.ts'
import type { KnownPage } from '../../../src/gate/find/known-page.ts'
import { candidatesOn, wantedBy } from '../../../src/gate/pages/passing.ts'
import type { IndexFile } from '../../../src/protocol/simple/project-index.ts'

function page(...listed: readonly (string | readonly [filename: string, changes: Partial<IndexFile>])[]): KnownPage {
  const files = listed.map(entry => {
    const [filename, changes] = typeof entry === 'string' ? [entry, {}] : entry
    return { filename, dist: parseDistFilename(filename), yanked: false, requiresPython: undefined, ...changes }
  })
  return { index: { files } } as unknown as KnownPage
}

function file(filename: string): RefusedFile {
  return { project: 'demo', version: undefined, filename, sha256: undefined }
}

function names(known: KnownPage, wanted: string, python = ''): readonly string[] {
  return [...candidatesOn(known, wantedBy(file(wanted), parsePythonTarget(python)))].map(({ filename }) => filename)
}

t.test('the newest version comes first, whatever the order of the page, and pre-releases last', async t => {
  const known = page('demo-1.10.tar.gz', 'demo-2.0rc1.tar.gz', 'demo-1.9.tar.gz', 'demo-3.0.tar.gz')
  t.strictSame(names(known, 'demo-3.0.tar.gz'), ['demo-1.10.tar.gz', 'demo-1.9.tar.gz', 'demo-2.0rc1.tar.gz'])
  t.strictSame(names(known, 'demo-3.0rc1.tar.gz')[1], 'demo-2.0rc1.tar.gz', 'unless one was wanted')
})

t.test('of a version, what is most like the file that was wanted', async t => {
  const [linux, windows, pure, source] = [
    'demo-1.0-cp312-cp312-manylinux_2_28_x86_64.whl',
    'demo-1.0-cp312-cp312-win_amd64.whl',
    'demo-1.0-py3-none-any.whl',
    'demo-1.0.tar.gz',
  ]
  const known = page(linux, windows, pure, source)
  t.strictSame(names(known, 'demo-2.0-cp312-cp312-win_amd64.whl'), [windows, pure, source, linux])
  t.equal(names(known, 'demo-2.0.tar.gz')[0], source)
  t.equal(names(known, 'nonsense')[0], pure)
})

t.test('nothing is named that is yanked, is no distribution, or is the file itself', async t => {
  const known = page(
    ['demo-1.0.tar.gz', { yanked: 'bad' }],
    ['demo-1.1.tar.gz', { yanked: true }],
    'demo-1.2.exe',
    'demo-1.3.zip',
  )
  t.strictSame(names(known, 'demo-1.3.zip'), [])
  t.strictSame(names(known, 'demo-1.4.zip'), ['demo-1.3.zip'])
})

t.test('where the Python is known, what is named fits it', async t => {
  const known = page(
    ['demo-3.0.tar.gz', { requiresPython: '>=3.13' }],
    ['demo-2.0-cp311-cp311-win_amd64.whl', { requiresPython: '>=3.8' }],
    ['demo-1.0-cp312-cp312-win_amd64.whl', { requiresPython: '>=3.8' }],
    'demo-0.9-cp38-abi3-win_amd64.whl',
    'demo-0.8.tar.gz',
  )
  const fitting = ['demo-1.0-cp312-cp312-win_amd64.whl', 'demo-0.9-cp38-abi3-win_amd64.whl', 'demo-0.8.tar.gz']
  t.strictSame(names(known, 'demo-4.0.tar.gz', '3.12'), fitting, 'by what the client says')
  t.strictSame(names(known, 'demo-4.0-cp312-cp312-win_amd64.whl'), fitting, 'or by the wheel that was wanted')
  t.strictSame(names(known, 'demo-4.0-cp312-cp312-win_amd64.whl', '3.13'), ['demo-3.0.tar.gz', ...fitting.slice(1)])
  for (const mute of ['demo-4.0.tar.gz', 'demo-4.0-py3-none-any.whl', 'demo-4.0-cp38-abi3-win_amd64.whl'])
    t.equal(names(known, mute).length, 5, `${mute} tells nothing`)
})

t.test('a page of any length is looked through from its end, a few files of each version', async t => {
  const many = Array.from({ length: 20 }, (_, at) => `demo-9.0-cp3${at}-abi3-win_amd64.whl`)
  t.equal(names(page(...many, 'demo-8.0.tar.gz'), 'demo-10.tar.gz').length, 5)
  const long = page(...Array.from({ length: 5_000 }, (_, at) => `demo-${at}.tar.gz`))
  t.equal(names(long, 'demo-10.tar.gz').length, 1_000)
})
