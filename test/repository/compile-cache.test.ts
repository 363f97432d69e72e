import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const BIN = fileURLToPath(new URL('../../bin/compile-cache.cjs', import.meta.url))

function emptyFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-code-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Where a program keeps what V8 made of its modules; empty where nowhere. */
function cacheOf(environment: Readonly<Record<string, string>>, file = BIN): string {
  const tell = 'process.stdout.write(require("node:module").getCompileCacheDir() ?? "")'
  return execFileSync(process.execPath, ['--require', file, '--eval', tell], { env: environment, encoding: 'utf8' })
}

t.test('it is the user’s own cache folder, and nobody else sees into it', async t => {
  const cache = emptyFolder(t)
  const folder = join(cache, 'portcullis/code')
  t.match(cacheOf({ XDG_CACHE_HOME: cache }), folder)
  t.equal(statSync(folder).mode & 0o777, 0o700)
  const home = emptyFolder(t)
  t.match(cacheOf({ HOME: home }), join(home, '.cache/portcullis/code'))
  t.match(cacheOf({ HOME: '/nowhere', XDG_CACHE_HOME: cache }), folder)
})

t.test('a folder that others could put code into is not read', async t => {
  for (const [what, spoil] of Object.entries<(cache: string, folder: string) => void>({
    'anybody may write there': (_cache, folder) => chmodSync(folder, 0o777),
    'a group may write there': (_cache, folder) => chmodSync(folder, 0o770),
    'others may look into it': (_cache, folder) => chmodSync(folder, 0o755),
    'anybody may replace what it is in': cache => chmodSync(cache, 0o777),
    'it is a link': (cache, folder) => {
      rmSync(folder, { recursive: true })
      mkdirSync(join(cache, 'elsewhere'), { mode: 0o700 })
      symlinkSync(join(cache, 'elsewhere'), folder)
    },
  })) {
    const cache = emptyFolder(t)
    const folder = join(cache, 'portcullis/code')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    t.match(cacheOf({ XDG_CACHE_HOME: cache }), folder)
    spoil(cache, folder)
    t.equal(cacheOf({ XDG_CACHE_HOME: cache }), '', what)
  }
})

t.test(
  'nor one that is somebody else’s',
  { skip: process.getuid?.() === 0 ? false : 'only root gives files away' },
  async t => {
    for (const given of ['portcullis/code', 'portcullis', '.']) {
      const cache = emptyFolder(t)
      mkdirSync(join(cache, 'portcullis/code'), { recursive: true, mode: 0o700 })
      chownSync(join(cache, given), 10_001, 10_001)
      t.equal(cacheOf({ XDG_CACHE_HOME: cache }), '', given)
    }
  },
)

t.test('without a place of one’s own there is none, and /tmp is none', async t => {
  t.equal(cacheOf({}), '')
  t.equal(cacheOf({ HOME: '' }), '')
  t.equal(cacheOf({ XDG_CACHE_HOME: 'relative' }), '')
  t.equal(cacheOf({ HOME: '/dev/null' }), '')
})

t.test('what comes beside the program goes before it', async t => {
  const folder = emptyFolder(t)
  cpSync(BIN, join(folder, 'bin/compile-cache.cjs'))
  mkdirSync(join(folder, 'dist/cache'), { recursive: true })
  writeFileSync(join(folder, 'dist/cache/here'), '')
  const cache = emptyFolder(t)
  t.match(cacheOf({ XDG_CACHE_HOME: cache }, join(folder, 'bin/compile-cache.cjs')), join(folder, 'dist/cache'))
})

t.test('it does not grow without end: what was written longest ago goes', async t => {
  const cache = emptyFolder(t)
  const folder = join(cache, 'portcullis/code')
  const [older, newer] = ['v22.0.0-x64-1-0', 'v24.0.0-x64-1-0'].map(name => join(folder, name)) as [string, string]
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const [version, age] of [
    [older, 9_000],
    [newer, 1_000],
  ] as const) {
    mkdirSync(version)
    for (let number = 0; number < 400; number += 1) {
      const file = join(version, `${number}.cache`)
      writeFileSync(file, 'x')
      utimesSync(file, Date.now() / 1_000 - age, Date.now() / 1_000 - age)
    }
  }
  cacheOf({ XDG_CACHE_HOME: cache })
  t.equal(readdirSync(older).length, 400, 'so many may stay')
  writeFileSync(join(newer, 'one more.cache'), 'x')
  cacheOf({ XDG_CACHE_HOME: cache })
  t.equal(readdirSync(older).length, 0)
  const kept = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile()).length
  t.ok(kept >= 400, 'and half of them stay, those of this very run among them')
  t.ok(readdirSync(newer).includes('one more.cache'))
})

t.test('whoever names another place, or none, is heard', async t => {
  const [cache, named] = [emptyFolder(t), emptyFolder(t)]
  t.match(cacheOf({ XDG_CACHE_HOME: cache, NODE_COMPILE_CACHE: named }), named)
  t.equal(cacheOf({ XDG_CACHE_HOME: cache, NODE_DISABLE_COMPILE_CACHE: '1' }), '')
})
