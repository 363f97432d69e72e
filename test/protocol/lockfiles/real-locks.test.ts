import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readLock } from '../../../src/protocol/lockfiles/read-lock.ts'
import { casePath, casesSkip } from '../../world/vectors/cases-folder.ts'

/** How often a package stands in a lock, found without reading it. */
const PACKAGES: readonly (readonly [file: RegExp, count: (text: string) => number])[] = [
  [
    /\.lock$/,
    text => (text.startsWith('{') ? entriesOf(text) : text.split('\n[[package]]').length - 1 + startsWith(text)),
  ],
  [/pylock\.toml$/, text => text.split('\n[[packages]]').length - 1],
  [/\.txt$/, text => text.match(/^[\w.[\],-]+==/gm)?.length ?? 0],
]

function startsWith(text: string): number {
  return text.startsWith('[[package]]') ? 1 : 0
}

function entriesOf(text: string): number {
  const { _meta: _, ...categories } = JSON.parse(text) as Readonly<Record<string, object>>
  return Object.values(categories).reduce((sum, entries) => sum + Object.keys(entries).length, 0)
}

t.test('of real locks every package is told, and every hash is of a file', { skip: casesSkip }, async t => {
  const folder = casePath('locks')
  const files = readdirSync(folder).flatMap(name =>
    readdirSync(join(folder, name)).map(file => join(folder, name, file)),
  )
  t.equal(files.length, 9)
  for (const path of files) {
    const bytes = readFileSync(path)
    const text = bytes.toString('utf8')
    const { packages, unjudged } = readLock({ path, bytes }, {
      read: () => t.fail('nothing is included'),
      environment: {},
    } as never)
    const count = PACKAGES.find(([file]) => file.test(path))?.[1](text)
    t.equal(packages.length + unjudged.length, count, `packages of ${path.slice(folder.length)}`)
    const written = new Set(hashesIn(text))
    const read = new Set(packages.flatMap(({ files: own }) => own.map(({ sha256 }) => sha256)))
    t.strictSame(
      [...written].filter(hash => !read.has(hash as never)),
      [],
      'hashes that were passed over',
    )
    t.strictSame(
      [...read].filter(hash => hash === undefined || !written.has(hash)),
      [],
      'files without a hash of the lock',
    )
    t.notOk(
      packages.some(({ open }) => open),
      'nothing is left open',
    )
  }
})

/** Without those of the whole lock. */
function hashesIn(text: string): readonly string[] {
  const ofFiles = text.replace(/content_hash = .*/g, '').replace(/"hash": \{[^}]*\}/, '')
  return [...ofFiles.matchAll(/sha256[:"' =]+([0-9a-f]{64})/g)].map(([, hash = '']) => hash)
}
