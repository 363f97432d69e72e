import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { GateError } from '../../../src/domain/base/errors.ts'
import type { FilePath } from '../../../src/domain/packaging/artifact.ts'
import { parseDistFilename } from '../../../src/domain/packaging/filename.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { parseVersion } from '../../../src/domain/packaging/version.ts'
import { filesLetIn } from '../../../src/gate/explain/explain-release.ts'
import { findLocked } from '../../../src/gate/explain/find-locked.ts'
import type { KnownPage } from '../../../src/gate/find/known-page.ts'
import type { LockedFile } from '../../../src/protocol/lockfiles/lock.ts'
import type { IndexFile } from '../../../src/protocol/simple/project-index.ts'

const project = parseProjectName('markup-safe')
const [A, B, C, D] = [sha256Of('a'), sha256Of('b'), sha256Of('c'), sha256Of('d')]

/** As much of a page as is looked at. */
function page(files: Readonly<Record<string, string>>): KnownPage {
  const listed = Object.entries(files).map(([filename, sha256]) => ({
    filename,
    sha256,
    dist: parseDistFilename(filename, project),
    path: `/packages/${filename}` as FilePath,
  })) as unknown as readonly IndexFile[]
  const index = { name: project, files: listed } as unknown as KnownPage['index']
  return { index, etag: undefined, byPath: new Map(), byFilename: new Map(), weight: 0 }
}

const LISTED = page({
  'Markup_Safe-1.0-py3-none-any.whl': A,
  'Markup.Safe-1.0.tar.gz': B,
  'Markup_Safe-2.0-py3-none-any.whl': C,
})

/** The names of what is found, or what is said. */
function found(
  filename: string | undefined,
  sha256: LockedFile['sha256'],
  { of = LISTED, url }: { readonly of?: KnownPage; readonly url?: string } = {},
): string {
  const version = parseVersion('1.0')
  if (version === undefined) throw new TypeError('it is one')
  const release = { page: of, version, files: filesLetIn(of, version) }
  const answer = findLocked(release, { filename, sha256, url } as LockedFile)
  return answer instanceof GateError ? `${answer.code}: ${answer.detail}` : answer.map(it => it.filename).join(' ')
}

t.test('a file with a sha256 is the one that has it', async t => {
  t.equal(found(undefined, A), 'Markup_Safe-1.0-py3-none-any.whl')
  t.equal(found('Markup_Safe-1.0-py3-none-any.whl', A), 'Markup_Safe-1.0-py3-none-any.whl')
  t.equal(found('markup_safe-1.0-py3-none-any.whl', A), 'Markup_Safe-1.0-py3-none-any.whl', 'whatever the case')
  t.equal(found('markup_safe-1.0.0.tar.gz', B), 'Markup.Safe-1.0.tar.gz', 'and however it is escaped')
  t.equal(found(undefined, C), 'Markup_Safe-2.0-py3-none-any.whl', 'a list of hashes may be of several releases')
})

t.test('bytes that are listed under two names are both, where no URL says which a client takes', async t => {
  const twin = page({ 'Markup_Safe-1.0-py3-none-any.whl': A, 'Markup_Safe-1.0-1-py3-none-any.whl': A })
  const both = 'Markup_Safe-1.0-py3-none-any.whl Markup_Safe-1.0-1-py3-none-any.whl'
  t.equal(found(undefined, A, { of: twin }), both)
  t.equal(found('markup_safe-1.0-py3-none-any.whl', A, { of: twin }), both)
  const url = 'https://files.example/markup_safe-1.0-py3-none-any.whl'
  t.equal(found('markup_safe-1.0-py3-none-any.whl', A, { of: twin, url }), 'Markup_Safe-1.0-py3-none-any.whl')
})

t.test('a version lets in its local versions, and a local version itself alone', async t => {
  const listed = page({
    'Markup_Safe-1.0.tar.gz': A,
    'Markup_Safe-1.0+cpu.tar.gz': B,
    'Markup_Safe-1.0.post1.tar.gz': C,
  })
  const names = (text: string) => {
    const version = parseVersion(text)
    return version === undefined ? [] : filesLetIn(listed, version).map(({ filename }) => filename)
  }
  t.strictSame(names('1.0.0'), ['Markup_Safe-1.0.tar.gz', 'Markup_Safe-1.0+cpu.tar.gz'])
  t.strictSame(names('1.0+cpu'), ['Markup_Safe-1.0+cpu.tar.gz'])
  t.strictSame(names('1.0.post1'), ['Markup_Safe-1.0.post1.tar.gz'])
})

t.test('a file without one is the one of its name', async t => {
  t.equal(found('markup_safe-1.0-py3-none-any.whl', undefined), 'Markup_Safe-1.0-py3-none-any.whl')
  t.match(found('markup_safe-2.0-py3-none-any.whl', undefined), /^not-listed: .*no file .* of markup-safe 1\.0$/)
})

t.test('what is not listed so is told as it is', async t => {
  t.match(found(undefined, D), /^not-listed: the index lists no file of markup-safe 1\.0 with the sha256 18ac3e73/)
  t.match(
    found('markup_safe-1.0-py3-none-any.whl', D),
    /^not-listed: the index lists Markup_Safe-1\.0-py3-none-any\.whl with the sha256 ca978112.*, the lock has 18ac3e73/,
  )
  t.match(
    found('markup_safe-1.0.tar.gz', A),
    /^not-listed: the index lists the file with the sha256 ca978112.* as Markup_Safe-1\.0-py3-none-any\.whl, the lock has/,
  )
})
