// guards: src/http/people/codes.ts src/http/people/copy.ts src/http/people/explain-page.ts
// guards: src/http/people/home.ts src/http/people/html.ts src/http/people/script.ts
// guards: src/http/people/ops.ts src/http/people/style.ts
import { createHash } from 'node:crypto'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { REFUSALS } from '../../../src/domain/base/refusal.ts'
import { startGate } from '../../world/gate/gate.ts'
import { comesTo } from '../../world/until.ts'
import { createWorld, type ReleaseRequest } from '../../world/world.ts'
import { type Answered, type Ask, createAsk } from '../client.ts'

async function refusedOne(t: Test, request: ReleaseRequest, configuration: Readonly<Record<string, unknown>> = {}) {
  const world = await createWorld(t)
  await world.release('demo', '1.0')
  const { wheel } = await world.release('demo', '2.0', request)
  const gate = await startGate(t, world, { configuration })
  const ask = createAsk(t, world, gate.url)
  const { explain } = (await ask(wheel.path)).json()
  return {
    world,
    gate,
    wheel,
    ask,
    explain: explain as string,
    path: `/x/${explain.slice(explain.lastIndexOf('/') + 1)}`,
  }
}

const MALLORY = { kind: 'github', repository: 'mallory/demo', workflow: 'release.yml' } as const

t.test('the page says what was decided, why, by which rule, and what would admit the file', async t => {
  const { ask, path, wheel, explain } = await refusedOne(t, { identity: MALLORY })
  const page = await ask(path, { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } })
  t.equal(page.status, 200)
  t.equal(page.headers['content-type'], 'text/html; charset=utf-8')
  for (const said of [
    'Refused by policy: publisher-mismatch',
    wheel.filename,
    wheel.sha256,
    'https://github.com/acme/demo',
    'https://github.com/mallory/demo/.github/workflows/release.yml@refs/tags/v1.0.0',
    /projects\[0\] demo \([^)]*policy\.yaml:\d+\)/,
    'repository: mallory/demo',
    '✓',
    '✗',
    explain,
    /20\d\d-\d\d-\d\dT/,
  ])
    t.match(page.text, said)
})

t.test('to a program it says the same as JSON', async t => {
  const { ask, path, wheel, explain } = await refusedOne(t, { identity: MALLORY })
  for (const [asked, headers] of [
    [path, { accept: 'application/json' }],
    [`${path}?format=json`, { accept: 'text/html' }],
  ] as const) {
    const answered = await ask(asked, { headers })
    t.equal(answered.headers['content-type'], 'application/json')
    t.match(answered.json(), {
      url: explain,
      outcome: 'refused',
      code: 'publisher-mismatch',
      project: 'demo',
      version: '2.0',
      filename: wheel.filename,
      sha256: wheel.sha256,
      rule: /^projects\[0\] demo \(.*policy\.yaml:\d+\)$/,
      identity: { repository: 'mallory/demo' },
      admit_with: /mallory\/demo/,
      at: /^20\d\d-/,
    })
    const marks = answered.json().steps.map(({ mark }: { mark: string }) => mark)
    t.ok(marks.includes('pass') && marks.includes('fail'))
  }
})

t.test(
  'nothing is fetched by a page, nobody frames it, nothing runs in it but scripts of ours that it names; its style is the one that it names',
  async t => {
    const { ask, path } = await refusedOne(t, { attested: false })
    for (const asked of [path, '/']) {
      const { text, headers } = await ask(asked)
      const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(text) ?? []
      const hash = createHash('sha256').update(style).digest('base64')
      t.equal(
        headers['content-security-policy'],
        `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'${asked === '/' ? '' : "; script-src 'self'"}`,
      )
      const scripts = [...text.matchAll(/<script[^>]*>[^<]*/g)].map(([found]) => found)
      t.strictSame(
        scripts,
        asked === '/' ? [] : ['<script src="dates.js" defer>', '<script src="copy.js" defer>'],
        'nothing that runs stands in the page',
      )
      t.match(headers, { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
      t.notMatch(text, /<img|<link|<iframe|\sstyle=|\son[a-z]+=|javascript:/i)
      t.match(text, 'name="viewport"')
      t.match(text, 'prefers-color-scheme: dark')
      t.match(text, '@media print')
    }
    const { headers } = await ask('/simple/demo/')
    t.match(headers, { 'content-security-policy': /default-src 'none'/, 'x-content-type-options': 'nosniff' })
  },
)

t.test('when it was is written in ISO 8601, and by a script of ours in the reader’s own zone', async t => {
  const { ask, path } = await refusedOne(t, { attested: false })
  const { at } = (await ask(`${path}?format=json`)).json()
  t.match((await ask(path)).text, `<dd><time datetime="${at}" title="${at}">${at}</time></dd>`)
  const { status, headers, text } = await ask('/x/dates.js')
  t.equal(status, 200)
  t.match(headers, { 'content-type': 'text/javascript; charset=utf-8', 'x-content-type-options': 'nosniff' })
  const time = { dateTime: at, textContent: at }
  const odd = { dateTime: 'never', textContent: 'never' }
  runInNewContext(text, { document: { querySelectorAll: () => [time, odd] }, Date, Number })
  t.match(time.textContent, String(new Date(at).getFullYear()))
  t.not(time.textContent, at)
  t.equal(odd.textContent, 'never')
})

t.test('text from outside stays text', async t => {
  const script = '<script>alert("x")</script>&\'"'
  const { ask, path } = await refusedOne(t, {
    identity: { ...MALLORY, ref: 'refs/tags/<script>alert(1)</script>&"' },
  })
  const { text } = await ask(path)
  t.notMatch(text, '<script>')
  t.match(text, '&lt;script&gt;')
  const { text: shown } = await ask(`${path}?format=${encodeURIComponent(script)}`)
  t.notMatch(shown, '<script>')
})

/** An answer that names what passes instead: that is looked for within a moment, and told from when it is known. */
async function knowing(ask: Ask, path: string): Promise<Answered> {
  return await comesTo(
    'it is known what passes',
    () => ask(path),
    answer => (answer.json().passes ?? undefined) !== undefined,
  )
}

t.test('an explanation has the same URL after a restart, and the 403 of its code too', async t => {
  const { world, gate, wheel, ask, path, explain } = await refusedOne(
    t,
    { attested: false },
    { public_url: 'https://pypi.acme.example' },
  )
  const before = await knowing(ask, `${path}?format=json`)
  await gate.stop()
  const again = await startGate(t, world, { configuration: { public_url: 'https://pypi.acme.example' } })
  const askAgain = createAsk(t, world, again.url)
  const told = await knowing(askAgain, `${path}?format=json`)
  t.strictSame(told.json(), before.json(), 'before the file was asked for again')
  t.equal((await askAgain(wheel.path)).json().explain, explain)
  for (const method of ['GET', 'HEAD']) {
    const answered = await askAgain(`${path}/unattested`, { method })
    t.equal(answered.status, 403)
    t.match(answered.headers, { 'content-type': 'application/problem+json', 'cache-control': 'no-store' })
    t.match(answered.reason, 'unattested')
  }
})

t.test('an id that nobody gave out is 404', async t => {
  const { ask, path } = await refusedOne(t, { attested: false })
  for (const other of ['/x/000000000000', '/x/zz', `${path}0`, `${path.toUpperCase()}`, `${path}/no-rule`, `${path}/`])
    t.equal((await ask(other)).status, 404, other)
})

t.test('a person who asks for an id that is not kept gets a page, a program a problem', async t => {
  const { ask } = await refusedOne(t, { attested: false })
  const page = await ask('/x/000000000000', { headers: { accept: 'text/html' } })
  t.match(page.headers['content-type'], /^text\/html/)
  t.match(page.text, /No refusal is kept under this id/)
  const problem = await ask('/x/000000000000', { headers: { accept: 'application/json' } })
  t.equal(problem.headers['content-type'], 'application/problem+json')
})

t.test('the script that copies is one of ours, beside the pages that name it', async t => {
  const { ask } = await refusedOne(t, { attested: false })
  const { status, headers, text } = await ask('/x/copy.js')
  t.match({ status, headers }, { status: 200, headers: { 'content-type': /^text\/javascript/ } })
  t.equal(headers['x-content-type-options'], 'nosniff')
  t.match(text, 'clipboard.writeText')
})

t.test('a refusal leads to whom to ask, and to what would pass: in the problem, on the page and as JSON', async t => {
  const { ask, world, gate, wheel, path } = await refusedOne(t, { attested: false })
  const id = path.slice('/x/'.length)
  const refused = await knowing(ask, wheel.path)
  t.match(refused.json(), {
    contact: undefined,
    passes: { version: '1.0', filename: 'demo-1.0-py3-none-any.whl' },
  })
  const url = 'https://t.acme.example/?id={refusal}&f={filename}&v={version}&p={project}&c={code}&s={sha256}'
  world.writePolicy(`${world.policyText()}\ncontact: { name: "Us & <them>", url: "${url}" }\n`)
  gate.app.reload()
  const filled = `https://t.acme.example/?id=${id}&f=demo-2.0-py3-none-any.whl&v=2.0&p=demo&c=unattested&s=${wheel.sha256}`
  const contact = { name: 'Us & <them>', url: filled }
  const problem = await ask(wheel.path)
  t.match(problem.json(), { contact, passes: { version: '1.0' }, title: 'Refused by policy: unattested' })
  t.match(problem.reason, /^Refused by policy: unattested \(see \S+\)$/, 'the phrase stays short')
  t.match(problem.json().detail, 'The newest version of demo that passes is 1.0 (demo-1.0-py3-none-any.whl).')
  t.match(problem.json().detail, `Whom to ask: Us & <them> (${filled}).`)
  t.match((await ask(`${path}/unattested`)).json(), { contact, passes: { version: '1.0' } })
  t.match((await ask(`${path}?format=json`)).json(), { contact, passes: { version: '1.0' } })
  const page = (await ask(path, { headers: { accept: 'text/html' } })).text
  t.match(
    page,
    `<a class="button" href="${filled.replaceAll('&', '&amp;')}" rel="noreferrer noopener">Ask Us &amp; &lt;them&gt;</a>`,
  )
  t.match(page, '<code>demo==1.0</code>')
  const uv = { headers: { 'user-agent': 'uv/0.9 {"python":"3.6.1"}' } }
  t.match((await ask(wheel.path, uv)).json(), { passes: { version: '1.0' } }, 'whatever Python it fits')
})

t.test('every code has a page that says what it means and how to get past it', async t => {
  const { ask, path } = await refusedOne(t, { attested: false })
  for (const [code, { meaning, hard }] of Object.entries(REFUSALS)) {
    const page = (await ask(`/codes/${code}`)).text
    t.match(page.replace(/<\/?code>/g, '').replaceAll('&#39;', "'"), meaning.replaceAll('`', ''), code)
    t.notMatch(page, '`', `${code}: what is code is shown as code`)
    const json = await ask(`/codes/${code}`, { headers: { accept: 'application/json' } })
    t.match(json.json(), { code, meaning, hard, status: 403 })
    t.equal(page.includes('Hard: no exemption helps'), hard, code)
  }
  t.equal((await ask('/codes')).status, 200)
  t.match((await ask('/codes/unknown-upstream')).text, /with the status 50\d/)
  t.match((await ask('/codes?format=json')).json(), [{ code: 'unattested', waive: 'attestation' }])
  const asPerson = await ask('/codes/nonsense', { headers: { accept: 'text/html' } })
  t.match(
    [asPerson.status, asPerson.headers['content-type'], asPerson.text],
    [404, /^text\/html/, /Nothing has this code/],
  )
  const asProgram = await ask('/codes/nonsense')
  t.match([asProgram.status, asProgram.headers['content-type']], [404, 'application/problem+json'])
  t.match(
    (await ask(path, { headers: { accept: 'text/html' } })).text,
    '<a href="../codes/unattested">',
    'and the page of a refusal leads there',
  )
})

t.test('health, readiness and metrics', async t => {
  const { ask, world, gate } = await refusedOne(t, { attested: false })
  t.equal((await ask('/healthz')).status, 200)
  const ready = await ask('/readyz')
  t.equal(ready.status, 200)
  const { checks } = ready.json()
  for (const name of ['policy', 'trust-root', 'database', 'clock', 'draining'])
    t.match(checks[name], { ok: true, detail: String }, name)
  world.writePolicy('nonsense: true')
  gate.app.reload()
  const warned = await ask('/readyz')
  t.equal(warned.status, 200, 'the last good policy is in force')
  t.match(warned.json().checks.policy, { ok: true, warning: true })
  const metrics = await ask('/metrics')
  t.equal(metrics.status, 200)
  t.match(metrics.headers['content-type'], /^text\/plain/)
  t.match(metrics.text, /^# HELP /m)
})

t.test('the first page says what to type', async t => {
  const { ask, gate } = await refusedOne(t, { attested: false })
  const { text, status } = await ask('/')
  t.equal(status, 200)
  t.match(text, `pip config set global.index-url ${gate.url}/simple/`)
  t.match(text, `UV_DEFAULT_INDEX=${gate.url}/simple/`)
})
