// guards: src/compose/console/client-secret.ts
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openAuditRecords } from '../../../src/compose/audit/audit-log.ts'
import type { WorldGate } from '../../world/gate/gate.ts'
import { startGate } from '../../world/gate/gate.ts'
import { serve } from '../../world/network/loopback.ts'
import { type Browser, createBrowser } from '../../world/people/browser.ts'
import { type ProviderOptions, startProvider, type WorldProvider } from '../../world/people/provider.ts'
import { createWorld, type World } from '../../world/world.ts'

const ADA = { email: 'ada@acme.example', email_verified: true, name: 'Ada', groups: ['security'] }
const ROLES = { approver: ['security'], admin: ['platform'] }

interface Scene {
  readonly provider: WorldProvider
  readonly gate: WorldGate
  /** of the console */
  readonly url: string
  readonly audit: () => Promise<readonly string[]>
}

/** With a project that its policy names: one of nothing would not start. */
async function worldOf(t: Test): Promise<World> {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  return world
}

async function scene(
  t: Test,
  { options, roles = ROLES }: { readonly options?: ProviderOptions; readonly roles?: object } = {},
): Promise<Scene> {
  const provider = await startProvider(t, options)
  provider.accounts.set('ada', ADA)
  const world = await worldOf(t)
  const file = join(world.folder, 'client-secret')
  writeFileSync(file, `${provider.secret}\n`)
  const secret = options?.method === 'none' ? {} : { client_secret_file: file }
  const configuration = { console: { listen: '127.0.0.1:0', oidc: { ...provider.oidc, ...secret, roles } } }
  const gate = await startGate(t, world, { configuration })
  async function audit(): Promise<readonly string[]> {
    const records = await openAuditRecords(gate.config)
    const rows = (await records?.rows({}, { limit: 50 })) ?? []
    await records?.close()
    return rows.filter(({ action }) => action.startsWith('sign')).map(({ action, actor }) => `${action} ${actor}`)
  }
  return { provider, gate, url: gate.app.consoleUrl ?? '', audit }
}

let usual: Promise<Scene> | undefined
/** One gate and one issuer for all who change nothing of them for others. */
function usualScene(): Promise<Scene> {
  usual ??= scene(t)
  return usual
}

/** As far as the way back from the issuer, which is not gone yet. */
async function wayBack({ get }: Browser, url: string): Promise<URL> {
  let came = await get(`${url}/sign-in`, { follow: false })
  for (let hops = 0; hops < 8; hops += 1) {
    const next = new URL(String(came.headers['location']), came.url)
    if (next.pathname === '/callback') return next
    came = await get(next, { follow: false })
  }
  throw new TypeError('the issuer leads nowhere')
}

for (const claimsIn of ['id-token', 'userinfo'] as const)
  t.test(
    `somebody signs in at the issuer, with groups in the ${claimsIn}, and comes to the page that he asked for`,
    async t => {
      const { url, audit } = await scene(t, { options: { claimsIn } })
      const ada = createBrowser(t)
      const came = await ada.get(`${url}/?from=mail`)
      t.equal(came.status, 200)
      t.equal(came.url.href, `${url}/?from=mail`)
      t.match(came.text, 'Ada · approver')
      t.match(came.text, '<code>user:ada@acme.example</code>')
      t.strictSame(
        [...(ada.cookies.get('127.0.0.1')?.keys() ?? [])].filter(name => name.startsWith('portcullis')),
        ['portcullis-session'],
      )
      t.strictSame(await audit(), ['signed-in user:ada@acme.example'])
    },
  )

for (const method of ['client_secret_post', 'none'] as const)
  t.test(`the console proves itself to the issuer as that wants it: ${method}`, async t => {
    const { url } = await scene(t, { options: { method } })
    for (const _ of [1, 2]) t.match(await createBrowser(t).get(`${url}/`), { status: 200, text: /Ada · approver/ })
  })

t.test('the request to the issuer has PKCE, a state and a nonce, and asks for what it knows', async t => {
  const { url, provider } = await usualScene()
  const { headers, status } = await createBrowser(t).get(`${url}/sign-in`, { follow: false })
  t.equal(status, 303)
  const to = new URL(String(headers['location']))
  t.equal(to.origin, provider.url)
  const asked = Object.fromEntries(to.searchParams)
  t.match(asked, { response_type: 'code', code_challenge_method: 'S256', redirect_uri: `${url}/callback` })
  for (const name of ['code_challenge', 'state', 'nonce']) t.match(asked[name], /^[\w-]{43}$/, name)
  t.equal(asked['scope'], 'openid email profile groups')
})

t.test('whoever has no group with a role is told so, and has no session', async t => {
  const { url, provider, audit } = await scene(t, { roles: { viewer: ['staff'], ...ROLES } })
  provider.accounts.set('eve', { ...ADA, email: 'eve@acme.example', groups: ['interns', 'security-friends'] })
  provider.signsIn = 'eve'
  const eve = createBrowser(t)
  t.match(await eve.get(`${url}/`), { status: 403, text: /of your groups has a role/ })
  t.notOk(eve.cookies.get('127.0.0.1')?.has('portcullis-session'))
  t.strictSame(await audit(), ['sign-in-refused user:eve@acme.example'])
})

t.test('an address that the issuer did not verify, or says nothing of, is nobody’s', async t => {
  const { url, provider } = await usualScene()
  t.teardown(() => {
    provider.signsIn = 'ada'
  })
  const { email_verified: _, ...unsaid } = ADA
  provider.signsIn = 'bob'
  for (const account of [{ ...ADA, email_verified: false }, unsaid]) {
    provider.accounts.set('bob', account)
    t.match(await createBrowser(t).get(`${url}/`), { status: 200, text: /<code>user:bob<\/code>/ })
  }
})

t.test('a role is what it was when somebody signed in, until he does again', async t => {
  const { url, provider } = await usualScene()
  const ada = createBrowser(t)
  await ada.get(`${url}/`)
  provider.accounts.set('ada', { ...ADA, groups: ['platform'] })
  t.teardown(() => void provider.accounts.set('ada', ADA))
  t.match(await ada.get(`${url}/`), { text: /Ada · approver/ })
  t.match(await ada.get(`${url}/sign-in`), { status: 200, text: /Ada · admin/ })
})

t.test('a way back is good once, and for the browser that began it', async t => {
  const { url } = await usualScene()
  const [ada, eve] = [createBrowser(t), createBrowser(t)]
  const back = await wayBack(ada, url)
  t.match(await eve.get(back), { status: 403, text: /did not begin to sign in/ }, 'a browser that began nothing')
  await wayBack(eve, url)
  t.match(await eve.get(back), { status: 403, text: /another sign-in/ }, 'one that began another')
  const kept = new Map(ada.cookies.get('127.0.0.1'))
  t.equal((await ada.get(back)).status, 200)
  t.equal((await ada.get(back)).status, 403, 'its cookie is gone')
  ada.cookies.set('127.0.0.1', kept)
  t.match(await ada.get(back), { status: 403, text: /does not take the code/ }, 'and so is the code')
})

t.test('a way back that was altered signs nobody in', async t => {
  const { url, gate } = await usualScene()
  for (const alter of [
    (back: URL) => back.searchParams.set('code', 'x'),
    (back: URL) => back.searchParams.delete('code'),
    (back: URL) => back.searchParams.set('state', 'x'),
    (back: URL) => back.searchParams.append('state', 'x'),
    (back: URL) => back.searchParams.delete('state'),
    (back: URL) => back.searchParams.set('iss', 'https://evil.example'),
    (back: URL) => back.searchParams.set('error', 'access_denied'),
  ]) {
    const ada = createBrowser(t)
    const back = await wayBack(ada, url)
    alter(back)
    const came = await ada.get(back)
    t.equal(came.status, 403, back.search.slice(0, 40))
    t.notOk(ada.cookies.get('127.0.0.1')?.has('portcullis-session'))
  }
  t.notOk(gate.events.some(event => event.type === 'unknown' && event.code === 'unknown-bug'))
})

t.test('whoever holds the nonce or the verifier of another is not signed in by it', async t => {
  const { url } = await usualScene()
  for (const place of [1, 2]) {
    const ada = createBrowser(t)
    const back = await wayBack(ada, url)
    const own = ada.cookies.get('127.0.0.1') ?? new Map<string, string>()
    const parts: string[] = JSON.parse(Buffer.from(own.get('portcullis-sign-in') ?? '', 'base64url').toString())
    parts[place] = 'A'.repeat(43)
    own.set('portcullis-sign-in', Buffer.from(JSON.stringify(parts)).toString('base64url'))
    t.equal((await ada.get(back)).status, 403)
  }
  const ada = createBrowser(t)
  const back = await wayBack(ada, url)
  ada.cookies.get('127.0.0.1')?.set('portcullis-sign-in', 'bm8ganNvbg')
  t.equal((await ada.get(back)).status, 403, 'what is none of ours')
})

t.test('nobody is led elsewhere once he is signed in', async t => {
  const { url } = await usualScene()
  for (const to of ['//evil.example', 'https://evil.example/', '/\\evil.example', '/sign-out'])
    t.equal((await createBrowser(t).get(`${url}/sign-in?to=${encodeURIComponent(to)}`)).url.href, `${url}/`)
})

t.test('the console starts while its issuer is away, and says so', async t => {
  const world = await worldOf(t)
  const gone = 'http://127.0.0.1:9'
  const configuration = { console: { listen: '127.0.0.1:0', oidc: { issuer: gone, client_id: 'x' } } }
  const gate = await startGate(t, world, { configuration })
  const came = await createBrowser(t).get(`${gate.app.consoleUrl}/`)
  t.match(came, { status: 503, headers: { 'retry-after': /^\d$/ }, text: /issuer of identities/ })
  t.notMatch(came.text, '127.0.0.1:9')
})

t.test('a redirect of the issuer is not followed', async t => {
  const real = await startProvider(t)
  const front = await serve(t, (request, response) => {
    response.writeHead(302, { location: `${real.url}${request.url}` }).end()
  })
  const world = await worldOf(t)
  const configuration = { console: { listen: '127.0.0.1:0', oidc: { issuer: front.origin, client_id: 'portcullis' } } }
  const gate = await startGate(t, world, { configuration })
  t.equal((await createBrowser(t).get(`${gate.app.consoleUrl}/`)).status, 503)
})

t.test('there is no console where none is configured, and packages never come from it', async t => {
  const world = await worldOf(t)
  const plain = await startGate(t, world)
  t.equal(plain.app.consoleUrl, undefined)
  await plain.stop()
  const gate = await startGate(t, world, { configuration: { console: { listen: '127.0.0.1:0' } } })
  const { get } = createBrowser(t)
  const page = await get(`${gate.url}/simple/demo/`)
  t.equal(page.status, 200)
  t.equal((await get(`${gate.app.consoleUrl}/simple/demo/`)).status, 404)
  t.equal((await get(`${gate.url}/sign-in`)).status, 404)
  t.ok(gate.events.some(event => event.type === 'lifecycle' && event.detail === `${gate.app.consoleUrl}, the console`))
})

t.test('a secret that cannot be read stops the start', async t => {
  const world = await worldOf(t)
  writeFileSync(join(world.folder, 'empty'), '\n')
  for (const [name, why] of [
    ['nowhere', /does not exist/],
    ['empty', /is empty/],
  ] as const) {
    const oidc = { issuer: 'https://login.example', client_id: 'x', client_secret_file: join(world.folder, name) }
    await t.rejects(startGate(t, world, { configuration: { console: { listen: '127.0.0.1:0', oidc } } }), {
      code: 'config-invalid',
      detail: why,
    })
  }
})
