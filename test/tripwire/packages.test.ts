import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** What the code was written against. npm on an older Node quietly picks an older major that fits it. */
const MAJORS: Readonly<Record<string, RegExp>> = {
  fastify: /^5\./,
  '@fastify/http-proxy': /^11\./,
  '@sigstore/verify': /^4\.1\./,
  '@sigstore/bundle': /^5\./,
  '@sigstore/core': /^4\./,
  '@sigstore/tuf': /^5\./,
  'lru-cache': /^11\./,
  pino: /^10\./,
  'better-sqlite3': /^13\./,
  tap: /^21\./,
  undici: /^8\./,
  zod: /^4\./,
  yaml: /^2\./,
  commander: /^15\./,
  typescript: /^7\./,
}

function json(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'))
}

t.test('the packages that are installed are those the code was written against', async t => {
  for (const [name, version] of Object.entries(MAJORS))
    t.match(json(`node_modules/${name}/package.json`)['version'], version, name)
  const { dependencies, devDependencies } = json('package.json') as Record<string, Record<string, string>>
  for (const [name, range] of Object.entries({ ...dependencies, ...devDependencies }))
    t.match(range, /^\d+\.\d+\.\d+$/, `${name} is pinned to one version`)
})

t.test('this Node runs TypeScript and the native modules', async t => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  t.ok((major === 24 && minor >= 15) || major >= 26, process.version)
  t.match(json('package.json'), { engines: { node: '^24.15.0 || >=26.0.0' }, type: 'module' })
})

t.test('the lockfile fixes contents, and names no place to get them from', async t => {
  const { packages } = json('package-lock.json') as { packages: Record<string, Record<string, unknown>> }
  const locked = Object.entries(packages).filter(([path]) => path !== '')
  t.ok(locked.length > 100)
  t.strictSame(
    locked.filter(([, entry]) => 'resolved' in entry && entry['link'] !== true),
    [],
    'no registry',
  )
  t.strictSame(
    locked.filter(([, entry]) => entry['inBundle'] !== true && !String(entry['integrity']).startsWith('sha512-')),
    [],
    'each has a sha512',
  )
})

/** Names that lead nowhere, or that the product speaks with or speaks of. */
const HOSTS: readonly RegExp[] = [
  /^[^.]*$/,
  /(?:^|\.)(?:example|test|invalid|localhost)$/,
  /^example\.(?:com|org|net)$/,
  /^(?:127|10|192\.168|169\.254|0x7f)\.[\d.]+$/,
  /^(?:docs\.|test\.)?pypi\.org$/,
  /^files\.pythonhosted\.org$/,
  /(?:^|\.)sigstore\.dev$/,
  /^(?:docs\.|www\.)?(?:github|gitlab)\.com$/,
  /^(?:token\.actions\.githubusercontent\.com|accounts\.google\.com|(?:actions|slsa-framework)\.github\.io)$/,
  /^(?:(?:oidc\.)?circleci\.com|bitbucket\.org)$/,
  /^(?:pypi|peps|packaging|docs)\.python\.org$/,
  /^(?:www\.w3\.org|slsa\.dev|in-toto\.io|json-schema\.org|www\.apache\.org|nodejs\.org|docs\.docker\.com)$/,
  /^(?:datatracker\.ietf\.org|www\.rfc-editor\.org|keepachangelog\.com|semver\.org|prometheus\.io)$/,
  // what is told, and in whose words
  /^(?:hooks\.slack\.com|www\.standardwebhooks\.com|cloudevents\.io|adaptivecards\.io)$/,
  // issuers and look-alikes that a certificate must not be taken for
  /^(?:issuer\.hello\.coop|dev\.gitlab\.org)$/,
]

/** Written so that they do not find themselves. */
const FOREIGN: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a path of one machine', /(?:^|[\s"'`(=:,])[/](?:root|home|Users|work|workspace|mnt)[/]\w/],
  ['a registry', /registry[.]npmjs|npm[.]pkg|[.]jfrog[.]io|pkgs[.]dev[.]/i],
  [
    'who made it rather than what it is',
    /co-authored[-]by|generated[ ](?:with|by)[ ]\w*(?:AI|GPT|bot)\b|language[ ]model|\bissue[ ]#\d/i,
  ],
]

const tracked = trackedFiles()
const noCheckout = tracked === undefined ? 'this is not a git checkout' : false

t.test('the repository speaks of itself alone', { skip: noCheckout }, async t => {
  const names = tracked ?? []
  t.ok(names.length > 100)
  for (const name of names) {
    const bytes = readFileSync(join(ROOT, name))
    if (bytes.includes(0)) continue
    const found = bytes
      .toString('utf8')
      .split('\n')
      .flatMap((line, index) => foreignIn(line, name).map(what => `${name}:${index + 1}: ${what}`))
    t.strictSame(found, [], name)
  }
})

function trackedFiles(): readonly string[] | undefined {
  try {
    const names = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' }).split('\0')
    return names.filter(name => name !== '' && existsSync(join(ROOT, name)))
  } catch {
    return undefined
  }
}

function foreignIn(line: string, name: string): readonly string[] {
  const words = FOREIGN.filter(([, pattern]) => pattern.test(line)).map(([what]) => what)
  if (name === 'package-lock.json') return words // homes of authors, who are thanked there
  const hosts = [...line.matchAll(/\bhttps?:\/\/(?:[^\s/@"'`]*@)?([A-Za-z0-9][A-Za-z0-9.-]*)/g)]
    .map(([, host = '']) => host.toLowerCase().replace(/\.$/, ''))
    .filter(host => !HOSTS.some(allowed => allowed.test(host)))
  return [...words, ...hosts]
}

t.test('and that is seen where it is not so', async t => {
  for (const [line, what] of [
    [`cd ${['', 'home', 'me', 'portcullis'].join('/')}`, 'a path of one machine'],
    [`"resolved": "https://${['registry', 'npmjs', 'org'].join('.')}/tap"`, 'a registry'],
    [`index: https:${'//'}pypi.corp.internal.net/simple`, 'pypi.corp.internal.net'],
    [`index: https:${'//'}user:secret@mirror.corp.net/simple`, 'mirror.corp.net'],
  ] as const)
    t.ok(foreignIn(line, 'README.md').includes(what), line)
  for (const line of [
    'https://pypi.org/simple',
    'http://127.0.0.1:8080',
    'https://pypi.acme.example',
    '/packages/aa/bb',
  ])
    t.strictSame(foreignIn(line, 'README.md'), [], line)
})
