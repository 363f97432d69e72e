import { sha256Of } from '../../../domain/base/digest.ts'
import { GateError } from '../../../domain/base/errors.ts'
import { type Clock, millis } from '../../../domain/base/instant.ts'
import { createLimit } from '../../../flow/limit.ts'
import type { Events } from '../../../observe/events.ts'
import type { AuditAction, AuditEntry, AuditLog } from '../../../ports/console/audit-log.ts'
import type { SignInIssuer, SignInProof } from '../../../ports/console/issuer.ts'
import type { Person, Sessions } from '../../../ports/console/sessions.ts'
import { Attempts } from '../../access/attempts.ts'
import type { Exchange } from '../../exchange/exchange.ts'
import { html } from '../../markup/html.ts'
import { type ConsoleAnswer, seeOther, shownAs } from '../answer.ts'
import { layout } from '../layout.ts'
import type { OwnPlaces } from '../own-places.ts'
import type { ConsoleRoutes } from '../router.ts'
import { clearCookie, readCookie, setCookie } from './cookies.ts'
import { linkPath, type SessionKeeper } from './session-keeper.ts'
import { pathToCome, personOf, type RolesOfGroups } from './who.ts'

export interface SignInParts {
  readonly issuer: SignInIssuer | undefined
  readonly roles: RolesOfGroups
  readonly sessions: Sessions
  readonly keeper: SessionKeeper
  readonly places: () => OwnPlaces
  readonly auditLog: AuditLog
  readonly events: Events
  readonly clock: Clock
}

/** What of a target may stand in a log: not what signs somebody in. */
export function tellable(url: string): string {
  return url.replace(/(\/link\/|\/callback\?).*/, '$1…')
}

/** Where a form leads whose sender is not signed in any more. */
export const SIGN_IN_AGAIN = '/sign-in/again'

/** How long somebody may take at the issuer, in seconds. */
const ON_THE_WAY = 600

/** `/sign-in`, `/callback`, `/link/…` and `/sign-out`: all that one reaches without a session. */
export function addSignIn(routes: ConsoleRoutes, parts: SignInParts): void {
  const desk = createDesk(parts)
  const open = { kind: 'open', method: 'GET' } as const
  routes.add({ ...open, path: '/sign-in', answer: desk.begin })
  routes.add({ ...open, path: '/callback', answer: desk.finish })
  routes.add({ ...open, path: linkPath(':secret'), answer: showLink })
  routes.add({ ...open, method: 'POST', path: linkPath(':secret'), answer: desk.followLink })
  routes.add({ ...open, path: '/signed-out', answer: () => shownAs(SIGNED_OUT) })
  routes.add({ ...open, path: SIGN_IN_AGAIN, answer: () => shownAs(ENDED) })
  routes.form('/sign-out', 'viewer', async ({ exchange, origin, person }) => {
    const cookie = await parts.keeper.end(exchange, origin, desk.entryOf('signed-out', exchange, person.subject, {}))
    return seeOther('/signed-out', cookie)
  })
}

/** What is asked of the issuer at once, for all and for one address; whoever has nothing but codes of his own making keeps nobody out. */
const EXCHANGES = { running: 16, each: 4, waiting: 200, patience: millis(10_000) }

function createDesk({ issuer, roles, sessions, keeper, places, auditLog, events, clock }: SignInParts) {
  const attempts = new Attempts()
  const exchanges = createLimit({ ...EXCHANGES, what: 'sign-ins at the issuer' })

  function entryOf(
    action: AuditAction,
    { client: { address } }: Exchange,
    actor: string,
    { why, detail = {} }: { readonly why?: string; readonly detail?: Readonly<Record<string, string>> },
  ): AuditEntry {
    return { at: clock(), action, actor, from: address, target: 'console', why, detail }
  }

  /** Says no, and counts it: an address that is wrong too often is told to wait, and fills no log. Who is right is let in all the while. */
  async function refuse(exchange: Exchange, actor: string, why: string): Promise<never> {
    assertPatience(exchange, attempts.wrong(exchange.client.address))
    await auditLog.append(entryOf('sign-in-refused', exchange, actor, { why }))
    throw new GateError('sign-in-refused', why)
  }

  function assertPatience({ client: { address } }: Exchange, wait: number): void {
    if (wait === 0) return
    events.emit({ type: 'limited', limit: 'wrong-credentials', subject: undefined, address })
    throw new GateError('too-many-attempts', 'signing in from this address failed too often', {
      retryAfterMs: millis(wait),
    })
  }

  async function letIn(exchange: Exchange, person: Person, by: string, to: string): Promise<ConsoleAnswer> {
    const origin = places().originOf(exchange.request)
    const also = person.also === undefined ? {} : { also: person.also.join(' ') }
    const entry = entryOf('signed-in', exchange, person.subject, { detail: { by, role: person.role, ...also } })
    const session = await keeper.begin(exchange, origin, person, entry)
    return seeOther(to, [...session, ...clearCookie('sign-in', origin)])
  }

  return {
    entryOf,
    /** To the issuer at once; where there is none, a page that says how else. */
    async begin(exchange: Exchange): Promise<ConsoleAnswer> {
      const origin = places().originOf(exchange.request)
      const { canonical } = places()
      const to = pathToCome(queryOf(exchange).get('to'))
      if (issuer === undefined) return shownAs(WITHOUT_ISSUER)
      // the issuer sends people back there, and their cookie has to be there then
      if (origin !== canonical) return seeOther(`${canonical}/sign-in?to=${encodeURIComponent(to)}`)
      const { url, proof } = await issuer.begin(`${canonical}/callback`)
      return seeOther(url, setCookie('sign-in', packed({ ...proof, to }), origin, ON_THE_WAY))
    },
    async finish(exchange: Exchange): Promise<ConsoleAnswer> {
      const { canonical, originOf } = places()
      const way = unpacked(readCookie(exchange.request, 'sign-in', originOf(exchange.request)))
      if (issuer === undefined) throw new GateError('not-found', 'the console has nothing at this path')
      if (way === undefined)
        return await refuse(exchange, 'anonymous', 'this browser did not begin to sign in, or took too long')
      const came = new URL(exchange.request.url ?? '', canonical)
      const signedIn = await exchanges.run(() => issuer.finish(came, way), exchange.asker)
      if ('wrong' in signedIn) return await refuse(exchange, 'anonymous', signedIn.wrong)
      const person = personOf(signedIn, roles)
      if (person === undefined)
        return await refuse(
          exchange,
          `user:${signedIn.email ?? signedIn.subject}`,
          'none of your groups has a role at this console',
        )
      return await letIn(exchange, person, 'issuer', pathToCome(way.to))
    },
    async followLink(exchange: Exchange, { secret = '' }: Readonly<Record<string, string>>): Promise<ConsoleAnswer> {
      const person = await sessions.take(sha256Of(secret), clock())
      if (person === undefined)
        return await refuse(exchange, 'anonymous', 'the link was used, or is older than ten minutes, or was never one')
      return await letIn(exchange, person, 'link', '/')
    },
  }
}

/** A look at it, such as a messenger's, uses nothing up. */
function showLink(_exchange: Exchange, { secret = '' }: Readonly<Record<string, string>>): ConsoleAnswer {
  const body = html`<section>
<h1>Sign in to the console</h1>
<p>This link signs you in once.</p>
<form method="post" action="${linkPath(encodeURIComponent(secret))}"><button>Sign in</button></form>
</section>`
  return shownAs(layout(undefined, { title: 'Sign in', body }))
}

interface OnTheWay extends SignInProof {
  readonly to: string
}

function packed(way: OnTheWay): string {
  const { state, nonce, verifier, to } = way
  return Buffer.from(JSON.stringify([state, nonce, verifier, to])).toString('base64url')
}

function unpacked(text: string | undefined): OnTheWay | undefined {
  if (text === undefined) return undefined
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (!Array.isArray(parts) || parts.length !== 4 || !parts.every(part => typeof part === 'string')) return undefined
    const [state, nonce, verifier, to] = parts as [string, string, string, string]
    return { state, nonce, verifier, to }
  } catch {
    return undefined
  }
}

function queryOf({ request: { url = '' } }: Exchange): URLSearchParams {
  const mark = url.indexOf('?')
  return new URLSearchParams(mark < 0 ? '' : url.slice(mark))
}

const WITHOUT_ISSUER = layout(undefined, {
  title: 'Sign in',
  body: html`<section>
<h1>Sign in</h1>
<p class="lead">This console knows no issuer of identities. Whoever runs the gate prints a link that signs in once:</p>
<pre>portcullis console login</pre>
</section>`,
})

const ENDED = layout(undefined, {
  title: 'Session ended',
  body: html`<section class="notice doubt">
<h1>Your session has ended</h1>
<p class="lead">What you sent was not taken: sign in again, and send it once more.</p>
<p><a class="button" href="/sign-in">Sign in again</a></p>
</section>`,
})

const SIGNED_OUT = layout(undefined, {
  title: 'Signed out',
  body: html`<section>
<h1>You are signed out</h1>
<p>Your session has ended, here and on every gate that shares this console.</p>
<p><a class="button" href="/">Sign in again</a></p>
</section>`,
})
