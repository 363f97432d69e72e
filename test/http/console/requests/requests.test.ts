// guards: src/http/console/requests/forms.ts src/http/console/requests/list-page.ts src/http/console/requests/look-page.ts
import t from 'tap'
import { sha256Of } from '../../../../src/domain/base/digest.ts'
import { GateError } from '../../../../src/domain/base/errors.ts'
import { instant } from '../../../../src/domain/base/instant.ts'
import type { RequestLook } from '../../../../src/gate/requests/look.ts'
import { addRequestPages } from '../../../../src/http/console/requests/requests.ts'
import type { AccessRequest } from '../../../../src/ports/console/requests.ts'
import { asked, decision } from '../../../store/conformance/requests-conformance.ts'
import { openDesk } from '../open-desk.ts'

const NASTY = [
  '"><script>alert(1)</script>',
  "'><img src=x onerror=alert(1)>",
  '</textarea><svg/onload=alert(1)>',
  '</pre><iframe src="javascript:alert(1)">',
  '\u202e<b>&lt;',
  'javascript:alert(1)',
]

/** A request in which whoever could write anything wrote this. */
function lookAt(text: string): RequestLook {
  const by = { subject: `user:${text}`, email: text, address: text }
  const approval = { extent: 'release', ends: instant(0), yaml: text } as const
  const request: AccessRequest = asked('a', {
    refusal: text,
    project: text,
    version: text,
    filename: text,
    code: text,
    reason: text,
    index: text,
    by,
    state: 'approved',
    decision: decision({ by: text, email: text, words: text, ticket: text, approval }),
  })
  const file = {
    filename: text,
    is: 'refused',
    code: text,
    detail: text,
    lookalike: text,
    steps: [{ mark: 'fail', check: text, expected: text, found: text }],
    identity: { issuer: text, san: text, repository: text, workflow: text, ref: text },
    uploaded: instant(0),
  } as const
  return {
    request,
    now: file,
    release: [file],
    seen: [],
    held: undefined,
    drafts: { file: { yaml: text, seen: sha256Of(text) }, release: { why: text } },
    end: { ends: instant(0), written: text },
    others: [request],
    leftOut: text,
  }
}

t.test('text from outside stays text, on every page and in every field', async t => {
  let text = ''
  const unused = async (): Promise<never> => {
    throw new GateError('request-invalid', text)
  }
  const desk = await openDesk(t, {
    routes: ({ router }) =>
      addRequestPages(router, {
        looks: {
          list: async () => [lookAt(text).request],
          look: async id => {
            const look = lookAt(text)
            return id === 'open' ? { ...look, request: { ...look.request, state: 'open', decision: undefined } } : look
          },
        },
        decisions: { approve: unused, decline: unused, withdraw: unused, preview: unused },
      }),
  })
  const approver = await desk.person('approver')
  for (const one of NASTY) {
    text = one
    for (const path of [
      '/requests',
      `/requests?show=decided&project=${encodeURIComponent(one)}`,
      '/requests/a',
      '/requests/open',
    ]) {
      const page = await approver.get(`${desk.url}${path}`)
      t.equal(page.status, 200, path)
      // the head names one script of ours; nothing else runs anywhere
      const [head = '', body = ''] = page.text.split('</head>')
      t.strictSame(head.match(/<script[^>]*>/gi), ['<script src="/assets/moments.js" defer>'])
      t.notMatch(body, /<script|<img|<svg|<iframe|<b>|href="javascript/i, `${path} ${JSON.stringify(one)}`)
    }
    const page = await approver.get(`${desk.url}/requests/open`)
    const answer = await approver.submit(page, '/requests/a/approve', { ends: '2027-02-01' })
    t.equal(answer.status, 422)
    t.notMatch(answer.text, /<script|<img|<svg|<iframe|<b>/i)
  }
})

t.test('a viewer is offered nothing to decide, and an approver nothing of his own', async t => {
  const own = lookAt('x')
  const open = { ...own.request, state: 'open', decision: undefined } as const
  const desk = await openDesk(t, {
    routes({ router }) {
      const by = (email: string) => ({ ...own, request: { ...open, by: { ...open.by, subject: 'anonymous', email } } })
      const looks = { list: async () => [], look: async (id: string) => by(`${id}@acme.example`) }
      const never = async (): Promise<never> => {
        throw new TypeError('nobody decides here')
      }
      addRequestPages(router, { looks, decisions: { approve: never, decline: never, withdraw: never, preview: never } })
    },
  })
  const [viewer, approver] = [await desk.person('viewer'), await desk.person('approver')]
  const forms = async (who: typeof viewer, id: string) =>
    [...(await who.get(`${desk.url}/requests/${id}`)).text.matchAll(/action="\/requests\/[^"]*\/(\w+)"/g)].map(
      ([, to]) => to,
    )
  t.strictSame(await forms(viewer, 'ada'), [])
  t.strictSame(await forms(approver, 'ada'), ['approve', 'decline'])
  t.strictSame(await forms(approver, 'approver'), [])
  t.match((await approver.get(`${desk.url}/requests`)).text, 'Nobody waits for a decision')
})

t.test('the list is a file to whoever wants it as one, over all its pages, and moments are the reader’s', async t => {
  const all = Array.from({ length: 1_201 }, (_, at) => ({ ...lookAt('=1+1').request, id: `r${at}` }))
  const never = async (): Promise<never> => {
    throw new GateError('request-invalid', 'nobody decides here')
  }
  const list: Parameters<typeof addRequestPages>[1]['looks']['list'] = async (_filter, { before, limit }) => {
    const from = before === undefined ? 0 : all.findIndex(({ id }) => id === before) + 1
    return all.slice(from, from + limit)
  }
  const looks = { list, look: async () => lookAt('x') }
  const decisions = { approve: never, decline: never, withdraw: never, preview: never }
  const desk = await openDesk(t, { routes: ({ router }) => addRequestPages(router, { looks, decisions }) })
  const viewer = await desk.person('viewer')
  const get = (path: string) => viewer.get(`${desk.url}${path}`)
  const json = JSON.parse((await get('/requests?show=decided&format=json')).text) as { readonly id: string }[]
  t.strictSame(
    json.map(({ id }) => id),
    all.map(({ id }) => id),
  )
  t.match(json[0], { state: 'approved', extent: 'release', ends: '1970-01-01T00:00:00.000Z', email: '=1+1' })
  const csv = (await get('/requests?show=decided&format=csv')).text
  t.match(csv, /^id,at,state,kind,index,project,/)
  t.equal(csv.trimEnd().split('\r\n').length, all.length + 1)
  t.notMatch(csv, ',=1+1,', 'no spreadsheet takes text for a formula')
  t.equal((await get('/requests?format=xml')).status, 400)
  const first = await get('/requests?show=decided')
  t.match(first.text, /href="\/requests\?show=decided&amp;format=csv"[\s\S]*format=json/)
  const next = /rel="next" href="([^"]*)"/.exec(first.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  t.match((await get(next)).text, '/requests/r50"', 'the next page begins where the first ends')
  t.match((await get('/requests?show=decided&before=r49')).text, '/requests/r50"', 'as it was called before')
  for (const path of ['/requests', '/requests/r1']) t.match((await get(path)).text, 'src="/assets/moments.js"')
})
