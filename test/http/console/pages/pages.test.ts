// guards: src/http/console/pages/audit.ts src/http/console/pages/data.ts
// guards: src/http/console/pages/exemptions.ts src/http/console/pages/journal.ts src/http/console/pages/overview.ts
// guards: src/http/console/pages/project.ts src/http/console/pages/projects.ts src/http/console/pages/refusals.ts
// guards: src/http/console/pages/revocations.ts src/http/console/pages/what-if.ts src/http/console/pages/parts/chart.ts
// guards: src/http/console/pages/parts/table.ts src/http/console/pages/parts/provenance-card.ts
import { Parser } from 'htmlparser2'
import t, { type Test } from 'tap'
import { addPages } from '../../../../src/http/console/pages/add-pages.ts'
import type { PageData } from '../../../../src/http/console/pages/data.ts'
import type { JournalFilter, Ledger } from '../../../../src/ports/console/ledger.ts'
import { NOW } from '../../../world/judging/judging.ts'
import { openDesk } from '../open-desk.ts'
import { PATHS } from './paths.ts'
import { createScene } from './scene.ts'

async function readers(t: Test, data: PageData) {
  const desk = await openDesk(t, { routes: ({ router }) => addPages(router, data) })
  const browser = await desk.person('viewer')
  const get = (path: string) => browser.get(`${desk.url}${path}`)
  return { ...desk, ...browser, get }
}

/** Elements with the names of their attributes, and where links, forms and scripts lead. */
function skeletonOf(text: string): { readonly shape: readonly string[]; readonly targets: readonly string[] } {
  const shape: string[] = []
  const targets: string[] = []
  const parser = new Parser({
    onopentag(name, attributes) {
      shape.push(`${name} ${Object.keys(attributes).join(' ')}`)
      for (const to of ['href', 'src', 'action'] as const)
        if (attributes[to] !== undefined) targets.push(attributes[to])
    },
    onclosetag: name => void shape.push(`/${name}`),
  })
  parser.end(text)
  return { shape, targets }
}

const MARKUP = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</title></style></textarea></pre></table><svg onload=alert(1)>',
  '&lt;script&gt;&#60;script&#62;',
  '<!--\u202e\u2028{{7*7}}`',
].join(' ')

/** Behind a word, and in front of it, where a scheme would stand. */
const SPELLINGS: Readonly<Record<string, (word: string) => string>> = {
  'with markup behind it': word => `${word}${MARKUP}`,
  'with markup in front of it': word => `${MARKUP}${word}`,
  'that is a script': word => `javascript:alert(1)//${word}`,
  'that is a document': word => `data:text/html,<script>alert(1)</script>${word}`,
}

const LEADS = /^(?:\/(?![/\\])|#|https:\/\/(?:github\.com|search\.sigstore\.dev|tracker\.acme\.example)[/?])/

/** The page of the first revocation has an address of its own. */
async function pathsOf({ get }: Awaited<ReturnType<typeof readers>>): Promise<readonly string[]> {
  const revocation = /\/revocations\/[0-9a-f]{16}/.exec((await get('/revocations')).text)?.[0]
  return [...PATHS, revocation ?? '']
}

t.test('words of outside stay words on every page', async t => {
  const plain = await readers(t, createScene({ spell: word => `${word}_` }))
  const expected: (readonly string[])[] = []
  for (const path of await pathsOf(plain)) expected.push(inside(skeletonOf((await plain.get(path)).text).shape))
  for (const [how, spell] of Object.entries(SPELLINGS))
    await t.test(`a word ${how}`, async t => {
      const evil = await readers(t, createScene({ spell }))
      for (const [at, path] of (await pathsOf(evil)).entries()) {
        const { status, text } = await evil.get(path)
        t.equal(status, 200, path)
        const { shape, targets } = skeletonOf(text)
        t.strictSame(inside(shape), expected[at], `${path} has the elements that it has for harmless words`)
        t.notMatch(shape.join('\n'), / on\w+| style\b/i, path)
        t.strictSame(
          targets.filter(to => !LEADS.test(to)),
          [],
          `${path} leads nowhere strange`,
        )
      }
    })
})

/** Without links out, which are there for words that make one and for no others, and without places where a line may end, which are no structure. */
function inside(shape: readonly string[]): readonly string[] {
  return shape.filter(name => name !== 'a href rel' && name !== '/a' && !/^\/?wbr\b/.test(name))
}

t.test('the overview counts the requests that wait, and says so apart from verdicts', async t => {
  const { get } = await readers(t, createScene())
  const tileOf = (text: string, name: string) => text.split('<section class="card">').find(part => part.includes(name))
  const { text } = await get('/')
  t.match(tileOf(text, '<h2>Requests to decide</h2>'), '<a href="/requests">3</a>')
  t.match(tileOf(text, '<h2>Verdicts</h2>'), '/journal?')
  const crowd = await readers(t, { ...createScene(), openRequests: async most => most })
  t.match(tileOf((await crowd.get('/')).text, 'Requests to decide'), '100 or more')
})

t.test('bars of the chart are on one scale, above the line and below it', async t => {
  const scene = createScene()
  const hour = { from: scene.began, until: scene.clock(), attested: 0, watched: 0 }
  const overTime = async () => [
    { ...hour, admitted: 900, refused: 90 },
    { ...hour, admitted: 0, refused: 1 },
  ]
  const { get } = await readers(t, { ...scene, ledger: { ...scene.ledger, overTime } })
  const bars = [...(await get('/')).text.matchAll(/<rect class="(open|refused)"[^>]*height="([\d.]+)"/g)]
  const [up, down, least] = bars.map(([, , height]) => height)
  t.ok(Math.abs(Number(up) / Number(down) - 10) < 0.2, `${up} stands for 900 and ${down} for 90`)
  t.ok(Number(least) > 1, 'what is not nought is seen')
})

t.test('who asks for no downloads in particular is shown those of thirty days, and leads on to all', async t => {
  const scene = createScene()
  const asked: JournalFilter[] = []
  const downloads: Ledger['downloads'] = async (filter, page) => {
    asked.push(filter)
    return await scene.ledger.downloads(filter, page)
  }
  const { get } = await readers(t, { ...scene, ledger: { ...scene.ledger, downloads } })
  t.match(
    (await get('/downloads')).text,
    'href="/downloads?since=1970-01-01T00%3A00%3A00.000Z">Everything that is kept',
  )
  t.notMatch((await get('/downloads?project=demo')).text, 'Everything that is kept')
  const today = Math.floor(NOW / 86_400_000) * 86_400_000
  t.strictSame(asked, [{ since: today - 30 * 86_400_000 }, { project: 'demo' }])
})

t.test('the overview lists the other gates, and which of them goes by what', async t => {
  const { get } = await readers(t, createScene())
  const { text } = await get('/')
  t.match(text, /<code class="word">gate-b<\/code>[\s\S]*?the same[\s\S]*?another/)
  t.match(text, /gate-c[\s\S]*?another<\/span> f{12}\b[\s\S]*?another<\/span> 0{12}\b/)
  const alone = await readers(t, { ...createScene(), gates: () => undefined })
  t.notMatch((await alone.get('/')).text, 'Other gates that share')
})

t.test('claims that read alike are the same, whichever repository their links lead to', async t => {
  const { text } = await (await readers(t, createScene())).get('/projects/demo')
  const compared = (claim: string) =>
    new RegExp(`<th scope="row"[^>]*><div>${claim}</div></th>.*?>(same|differs)<`, 's').exec(text)?.[1]
  t.strictSame(['Repository', 'Commit', 'Ref'].map(compared), ['differs', 'same', 'same'])
})

t.test('what-if has its place in the menu', async t => {
  const { get } = await readers(t, createScene())
  t.match((await get('/what-if')).text, '<a href="/what-if" aria-current="page">What if</a>')
})

t.test('of a pinned root nobody says that it is the public one, and no entry leads to the public log', async t => {
  const scene = createScene()
  const open = (source: 'tuf' | 'pinned') => readers(t, { ...scene, trust: () => ({ ...scene.trust(), source }) })
  const pinned = (await (await open('pinned')).get('/projects/demo')).text
  t.match(
    pinned,
    /<dt>Vouched for by<\/dt><dd>the root that is pinned here<\/dd>\s*<dt>Log entry<\/dt><dd>123456789<\/dd>/,
  )
  t.notMatch(pinned, 'search.sigstore.dev')
  const refreshed = (await (await open('tuf')).get('/projects/demo')).text
  t.match(refreshed, /public-good Sigstore[\s\S]*search\.sigstore\.dev/)
})
