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
      t.notMatch(page.text, /<script|<img|<svg|<iframe|<b>|href="javascript/i, `${path} ${JSON.stringify(one)}`)
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
