import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import { runCommand } from '../../world/commands/commands.ts'
import { createWorld } from '../../world/world.ts'
import { type Client, type ClientName, clientOf } from '../set-up/clients.ts'
import { openGate } from '../set-up/gates.ts'
import { openSite, type Run, type Site } from '../set-up/site.ts'
import { prepareAll } from '../set-up/tools.ts'

t.jobs = 2

const world = await createWorld(t)
await world.release('library', '1.0')
await world.release('application', '1.0', { requires: ['library>=1.0'] })

const WANTED = ['application==1.0']
const INSTALLED = ['application-1.0', 'library-1.0']
const NAMES = ['pip 26.3', 'pip 22.3', 'uv', 'poetry', 'pdm', 'pipenv'] as const

type Environment = Readonly<Record<string, string>>

/** A gate of two indexes that asks who it is, and tokens of it. */
async function scene(t: Test) {
  const configuration = {
    upstream: undefined,
    access: { anonymous: false },
    sources: { pypi: { index: world.upstream.origin, files: [world.upstream.filesOrigin] } },
    indexes: { main: { path: '/', sources: ['pypi'] }, ml: { path: '/ml', sources: ['pypi'] } },
  }
  const gate = await openGate(t, world, { configuration })
  const environment = {
    PORTCULLIS_DATA: gate.config.data,
    PORTCULLIS_SOURCES: JSON.stringify(configuration.sources),
    PORTCULLIS_INDEXES: JSON.stringify(configuration.indexes),
  }
  const run = (...argv: readonly string[]) => runCommand(['token', ...argv], { folder: world.folder, environment })
  const token = (await run('create', '--name', 'ci')).out.trim()
  const { host, hostname } = new URL(gate.url)
  return {
    gate,
    host,
    hostname,
    token,
    site: await openSite(t),
    at: (secret: string) => `http://__token__:${secret}@${host}`,
    /** tokens that are worth nothing at `/`, and what of an answer they get */
    async worthless(): Promise<readonly (readonly [what: string, secret: string, status: 401 | 403])[]> {
      const at = instant(Date.now() - 86_400_000)
      const earlier = { folder: world.folder, environment, clock: () => at }
      const ended = await runCommand(['token', 'create', '--name', 'ended', '--expires', '1h'], earlier)
      const foreign = (await run('create', '--name', 'foreign', '--index', 'ml')).out.trim()
      const revoked = (await run('create', '--name', 'revoked')).out.trim()
      t.equal((await run('revoke', 'revoked')).exit, 0)
      return [
        ['revoked', revoked, 401],
        ['ended', ended.out.trim(), 401],
        ['of another index', foreign, 403],
        ['mistyped', `${token.slice(0, 20)}${token[20] === 'A' ? 'B' : 'A'}${token.slice(21)}`, 401],
      ]
    },
    /** whom the verdicts were given to */
    subjects: () => [...new Set(gate.events.flatMap(event => (event.type === 'verdict' ? [event.subject] : [])))],
    statuses: () => gate.events.flatMap(event => (event.type === 'request' ? [event.status] : [])),
  }
}

type Scene = Awaited<ReturnType<typeof scene>>

/** As one whose environment says more. */
function withMore(site: Site, more: Environment): Site {
  return { ...site, run: (command, args, changes = {}) => site.run(command, args, { ...more, ...changes }) }
}

/** A `keyring` on the path that knows one secret, and keeps what it was asked. */
function keyringOnPath(site: Site, { host, token }: Pick<Scene, 'host' | 'token'>): Environment {
  const asked = join(site.project, 'keyring-asked')
  const script = site.write(
    'keyring-bin/keyring',
    `#!/bin/sh
echo "$*" >> '${asked}'
case "$*" in *get*${host}*) ;; *) exit 1 ;; esac
case "$*" in
  *--output=json*) echo '{"username": "__token__", "password": "${token}"}' ;;
  *--mode=creds*) printf '%s\\n' __token__ '${token}' ;;
  *) echo '${token}' ;;
esac
`,
  )
  chmodSync(script, 0o755)
  return { PATH: `${dirname(script)}:${dirname(site.python)}:/usr/bin:/bin` }
}

/** A backend of the `keyring` library, which poetry brings. */
function keyringInPython(site: Site, { host, token }: Pick<Scene, 'host' | 'token'>): Environment {
  const asked = join(site.project, 'keyring-asked')
  const module = site.write(
    'keyring-lib/tests_keyring.py',
    `from keyring.backend import KeyringBackend
from keyring.credentials import SimpleCredential

class Keyring(KeyringBackend):
    priority = 1

    def set_password(self, service, username, password):
        raise NotImplementedError

    def get_password(self, service, username):
        with open(${JSON.stringify(asked)}, "a") as file:
            print(service, username, file=file)
        return ${JSON.stringify(token)} if ${JSON.stringify(host)} in service else None

    def get_credential(self, service, username):
        password = self.get_password(service, username)
        return SimpleCredential("__token__", password) if password else None
`,
  )
  return { PYTHONPATH: dirname(module), PYTHON_KEYRING_BACKEND: 'tests_keyring.Keyring' }
}

interface KeyringUse {
  readonly by: (site: Site, its: Pick<Scene, 'host' | 'token'>) => Environment
  readonly more?: Environment
  /** whom the URL of the index names; poetry takes any name there for the whole of the credentials */
  readonly named: '' | '__token__@'
}

/** How a client is told to look into a keyring; `undefined` where it knows no command, and brings no library. */
const KEYRING: Readonly<Record<(typeof NAMES)[number], KeyringUse | undefined>> = {
  'pip 26.3': { by: keyringOnPath, more: { PIP_KEYRING_PROVIDER: 'subprocess' }, named: '__token__@' },
  'pip 22.3': undefined,
  uv: { by: keyringOnPath, more: { UV_KEYRING_PROVIDER: 'subprocess' }, named: '__token__@' },
  poetry: { by: keyringInPython, named: '' },
  pdm: { by: keyringOnPath, named: '__token__@' },
  pipenv: { by: keyringOnPath, more: { PIP_KEYRING_PROVIDER: 'subprocess' }, named: '__token__@' },
}

/** What a person reads where a token is worth nothing, and where it is for another index; most say no more than that there is nothing. */
const READS: Readonly<Record<(typeof NAMES)[number], Readonly<Record<401 | 403, RegExp>>>> = {
  'pip 26.3': { 401: /401 Error, Credentials not correct for /, 403: /No matching distribution found/ },
  'pip 22.3': { 401: /No matching distribution found/, 403: /No matching distribution found/ },
  uv: { 401: /lack of valid authentication credentials \(401/, 403: /returned a 403 Forbidden error/ },
  poetry: { 401: /Authorization error accessing/, 403: /Authorization error accessing/ },
  pdm: { 401: /Unable to find candidates/, 403: /Unable to find candidates/ },
  pipenv: { 401: /No matching distribution found/, 403: /No matching distribution found/ },
}

/** poetry keeps the credentials of a source's URL from files. */
function byUrl(name: ClientName, site: Site, secret: string): Site {
  const basic = { POETRY_HTTP_BASIC_GATE_USERNAME: '__token__', POETRY_HTTP_BASIC_GATE_PASSWORD: secret }
  return name === 'poetry' ? withMore(site, basic) : site
}

function holdsInstalled(t: Test, run: Run, { site, subjects }: Scene): void {
  t.equal(run.code, 0, 'it succeeds', { printed: run.text })
  t.strictSame(site.installed(), INSTALLED)
  t.strictSame(subjects(), ['token:ci'])
}

for (const [name, { tool, skip }] of await prepareAll(NAMES)) {
  t.test(name, { skip, buffered: true }, async t => {
    if (tool === undefined) return
    const client: Client = clientOf(tool)
    const keyring = KEYRING[name]

    t.test('installs with a token in the URL of the index', async t => {
      const its = await scene(t)
      const site = byUrl(name, its.site, its.token)
      holdsInstalled(t, await client.install(site, { gate: its.at(its.token), requirements: WANTED }), its)
    })

    t.test('installs with a token in a netrc', async t => {
      const its = await scene(t)
      const file = its.site.write('netrc', `machine ${its.hostname} login __token__ password ${its.token}\n`)
      chmodSync(file, 0o600)
      const site = withMore(its.site, { NETRC: file })
      holdsInstalled(t, await client.install(site, { gate: its.gate.url, requirements: WANTED }), its)
    })

    t.test('installs with a token in a keyring', { skip: keyring === undefined }, async t => {
      if (keyring === undefined) return
      const its = await scene(t)
      const site = withMore(its.site, { ...keyring.more, ...keyring.by(its.site, its) })
      const gate = its.gate.url.replace('//', `//${keyring.named}`)
      holdsInstalled(t, await client.install(site, { gate, requirements: WANTED }), its)
      const asked = join(its.site.project, 'keyring-asked')
      t.ok(existsSync(asked) && readFileSync(asked, 'utf8').includes(its.host), 'the keyring was asked')
    })

    t.test('fails without a token, and with one that is worth nothing', async t => {
      const its = await scene(t)
      const { gate, at, site, subjects, statuses } = its
      const wanted = (url: string) => ({ gate: url, requirements: WANTED })
      const without = await client.install(site, wanted(gate.url))
      t.not(without.code, 0, 'without', { printed: without.text })
      for (const [what, secret, status] of await its.worthless()) {
        site.emptyHome()
        const run = await client.install(byUrl(name, site, secret), wanted(at(secret)))
        t.not(run.code, 0, what, { printed: run.text })
        t.match(run.text.replace(/\s+/g, ' '), READS[name][status], what)
        t.equal(statuses().at(-1), status, what)
      }
      t.strictSame(site.installed(), [])
      t.strictSame(subjects(), [], 'nothing was judged for any of them')
    })
  })
}
