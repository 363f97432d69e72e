import { timingSafeEqual } from 'node:crypto'
import { errorEntry, GateError } from '../../domain/base/errors.ts'
import { type Clock, millis } from '../../domain/base/instant.ts'
import { createLimit } from '../../flow/limit.ts'
import type { Events } from '../../observe/events.ts'
import type { AuditLog } from '../../ports/console/audit-log.ts'
import type { SignInIssuer } from '../../ports/console/issuer.ts'
import type { Person, Role, Sessions } from '../../ports/console/sessions.ts'
import { createAddressOf, createTrusted } from '../door/address.ts'
import { readBody, readForm } from '../door/body.ts'
import { createDoor } from '../door/door.ts'
import { listenAt } from '../door/listen.ts'
import { createListener } from '../door/listener.ts'
import { RouteTable } from '../door/routes.ts'
import type { WholeAnswer } from '../exchange/answer.ts'
import { BufferPool } from '../exchange/buffer-pool.ts'
import { ANONYMOUS } from '../exchange/client.ts'
import { type Exchange, exchangeOf } from '../exchange/exchange.ts'
import { answerWith, problemAnswer } from '../exchange/failures.ts'
import { Outlet } from '../exchange/outlet.ts'
import { DEFAULT_LIMITS, type TlsSource } from '../exchange/settings.ts'
import { Html } from '../markup/html.ts'
import { type ConsoleAnswer, seeOther, sendConsoleAnswer, shownAs, withConsoleHeaders } from './answer.ts'
import { renderFailure } from './failure-page.ts'
import { addLayoutAssets } from './layout.ts'
import { assertOwnSite, createOwnPlaces, type OwnPlaces } from './own-places.ts'
import { type ConsoleRoute, type ConsoleRouter, ConsoleRoutes, type FoundRoute, WrongMethod } from './router.ts'
import { createSessionKeeper, type Recognised } from './sign-in/session-keeper.ts'
import { addSignIn, SIGN_IN_AGAIN, tellable } from './sign-in/sign-in.ts'
import { pathToCome, type RolesOfGroups } from './sign-in/who.ts'
import type { Visit } from './visit.ts'

export interface ConsoleOptions {
  /** an origin; `undefined`: what it listens at */
  readonly publicUrl: string | undefined
  /** `undefined`: people sign in with links alone */
  readonly issuer: SignInIssuer | undefined
  readonly roles: RolesOfGroups
  readonly sessions: Sessions
  readonly auditLog: AuditLog
  /** Whom a program's `Authorization` is of; `undefined`: nobody. Throws what it cannot tell. Absent: programs are nobody. */
  readonly identify?: (exchange: Exchange) => Promise<Person | undefined>
  /** addresses and ranges whose X-Forwarded-For is believed */
  readonly trustProxy: readonly string[]
  readonly events: Events
  readonly clock: Clock
  /** default: plain HTTP */
  readonly tls?: TlsSource | undefined
  /** the same text without any secret of the configuration */
  readonly clean: (text: string) => string
}

export interface Console {
  readonly router: ConsoleRouter
  /** every route there is */
  readonly routes: () => readonly ConsoleRoute[]
  /** Resolves to `http://host:port` as bound, or to `https:`. */
  listen(at: { readonly host: string; readonly port: number }): Promise<string>
  close(): Promise<void>
}

const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'QUERY',
])

/** The console over HTTP/1.1, on a listener of its own: who comes, from where, and what he may; pages and calls are added to its router. */
export function createConsole(options: ConsoleOptions): Console {
  const { events, clean, sessions, clock, publicUrl, tls } = options
  const trusted = createTrusted(options.trustProxy)
  const limits = DEFAULT_LIMITS
  const outlet = new Outlet({ bounds: limits, buffers: new BufferPool(), events, clean })
  const routes = new ConsoleRoutes()
  const keeper = createSessionKeeper({ sessions, clock })
  let places: OwnPlaces | undefined

  function placesNow(): OwnPlaces {
    if (places === undefined) throw new TypeError('a request before the console listens')
    return places
  }

  addLayoutAssets(routes)
  addSignIn(routes, { ...options, keeper, places: placesNow })

  const answerOf = (error: GateError, { request }: Exchange): WholeAnswer => failureOf(error, request.url)
  const door = createDoor({
    events,
    guard({ request, address }) {
      try {
        assertOwnSite(request, placesNow().originOf(request))
        return { address, subject: ANONYMOUS }
      } catch (error) {
        if (error instanceof GateError) return { turnedAway: failureOf(error, request.url) }
        throw error
      }
    },
    addressOf: createAddressOf(trusted),
    routes: new RouteTable(),
    outlet,
    perAddress: { most: limits.connectionsPerAddress, exempt: trusted },
    methods: METHODS,
    answerOf,
    tellable,
  })
  const enter = createEntrance({ ...options, routes, keeper, places: placesNow })
  const listener = createListener({
    door,
    limits,
    tls,
    answer(_request, response) {
      const exchange = exchangeOf(response)
      answerWith(exchange, events, async () => sendConsoleAnswer(exchange, await enter(exchange), outlet), answerOf)
    },
  })
  return {
    router: routes,
    routes: () => routes.all,
    async listen(at) {
      const url = await listenAt(listener, at, tls === undefined ? 'http' : 'https', 'console.listen')
      places = createOwnPlaces(publicUrl, url)
      return url
    },
    async close() {
      door.connections.drain()
      const cut = setTimeout(() => door.connections.reset(), limits.drainMs)
      try {
        await listener.close()
      } finally {
        clearTimeout(cut)
        outlet.close()
      }
    },
  }
}

/** So many of one person at once, and of all: whoever asks much waits behind himself. */
const TURNS = { running: 64, each: 8, waiting: 1_000, patience: millis(30_000), what: 'questions of the console' }

interface EntranceParts extends Pick<ConsoleOptions, 'identify'> {
  readonly routes: ConsoleRoutes
  readonly keeper: Pick<ReturnType<typeof createSessionKeeper>, 'recognise'>
  readonly places: () => OwnPlaces
}

/** From a request to its route, if whoever asks may have it. */
function createEntrance({ routes, keeper, places, identify }: EntranceParts) {
  async function programOf(exchange: Exchange): Promise<Recognised | undefined> {
    const person = await identify?.(exchange)
    return person === undefined ? undefined : { person, csrf: '' }
  }

  /** A program that names itself is that or nobody, whatever cookies it brings. */
  async function askerOf(exchange: Exchange, { kind }: ConsoleRoute, origin: string): Promise<Recognised | undefined> {
    const isProgram = kind === 'api' && exchange.request.headers.authorization !== undefined
    return isProgram ? await programOf(exchange) : await keeper.recognise(exchange, origin)
  }

  const turns = createLimit(TURNS)
  return async (exchange: Exchange): Promise<ConsoleAnswer> => {
    const { request } = exchange
    const origin = places().originOf(request)
    const [path, search] = splitAt(request.url ?? '')
    const { route, segments } = routes.find(request.method ?? '', path)
    exchange.route = `console ${route.path}`
    if (route.kind === 'open') return await route.answer(exchange, segments)
    const asker = await askerOf(exchange, route, origin)
    if (asker === undefined) return signInFirst(route, exchange)
    exchange.client = { ...exchange.client, subject: asker.person.subject }
    assertRole(asker.person.role, route.need)
    const visit = visitOf(exchange, asker, { origin, path, search, segments })
    return await turns.run(async () => await answerRoute(visit, { route, segments }), exchange.asker)
  }
}

async function answerRoute(visit: Visit, { route }: FoundRoute): Promise<ConsoleAnswer> {
  switch (route.kind) {
    case 'page': {
      const shown = await route.answer(visit)
      return shown instanceof Html ? shownAs(shown) : shown
    }
    case 'form': {
      const fields = await readForm(visit.exchange, route.most)
      assertCsrf(fields.get('csrf'), visit.csrf)
      return await route.answer(visit, fields)
    }
    case 'api':
      if (visit.csrf !== '' && route.method !== 'GET') assertCsrf(visit.header('x-csrf-token'), visit.csrf)
      return await route.answer(visit)
    case 'open':
      throw new TypeError('a route that is open has no visit')
  }
}

function visitOf(
  exchange: Exchange,
  { person, csrf }: Recognised,
  at: Pick<Visit, 'origin' | 'path' | 'segments'> & { readonly search: string },
): Visit {
  const { headers } = exchange.request
  return {
    person,
    csrf,
    path: at.path,
    segments: at.segments,
    origin: at.origin,
    query: new URLSearchParams(at.search),
    address: exchange.client.address,
    exchange,
    header(name) {
      const value = headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    },
    body: most => readBody(exchange, most),
  }
}

/**
 * Pages lead to the sign-in, and come back. A form that was sent is lost, for nobody knows whose it was; what it leads to says so, and ends there: a browser
 * lets no form lead on to the issuer (CSP, `form-action`).
 */
function signInFirst(route: ConsoleRoute, { url }: Exchange): ConsoleAnswer {
  if (route.kind === 'api') throw new GateError('not-signed-in', 'this is for whoever is signed in, or brings a token')
  if (route.kind === 'form') return seeOther(SIGN_IN_AGAIN)
  const to = pathToCome(url)
  return seeOther(to === '/' ? '/sign-in' : `/sign-in?to=${encodeURIComponent(to)}`)
}

const RANKS: Readonly<Record<Role, number>> = { viewer: 0, approver: 1, admin: 2 }

function assertRole(role: Role, need: Role): void {
  if (RANKS[role] >= RANKS[need]) return
  throw new GateError('not-your-role', `this takes the role ${need}, and yours is ${role}`)
}

function assertCsrf(given: string | undefined, csrf: string): void {
  const [one, other] = [Buffer.from(given ?? ''), Buffer.from(csrf)]
  if (csrf !== '' && one.length === other.length && timingSafeEqual(one, other)) return
  throw new GateError('stale-form', 'the form is of another session, or of none')
}

/** A page for people, a problem document for programs. */
function failureOf(error: GateError, url = ''): WholeAnswer {
  const [path] = splitAt(url)
  if (path.startsWith('/api/')) return problemOf(error)
  const { status, headers } = problemOf(error)
  const body = Buffer.from(renderFailure(error, errorEntry(error.code)).text)
  const kept = keepFields(headers, ['retry-after', 'allow'])
  return {
    status,
    headers: withConsoleHeaders(['Content-Type', 'text/html; charset=utf-8', ...kept]),
    body,
    holds: 'words',
  }
}

function problemOf(error: GateError): WholeAnswer {
  const answer = problemAnswer(error)
  // what the gate takes everywhere is not what a route of the console does
  const allow =
    error instanceof WrongMethod ? ['Allow', error.allowed.join(', ')] : keepFields(answer.headers, ['allow'])
  const challenge = error.code === 'not-signed-in' ? ['WWW-Authenticate', 'Bearer realm="portcullis console"'] : []
  return { ...answer, headers: withConsoleHeaders([...keepFields(answer.headers, KEPT), ...allow, ...challenge]) }
}

const KEPT = ['content-type', 'retry-after', 'cache-control']

function keepFields(headers: readonly string[], names: readonly string[]): readonly string[] {
  return headers.flatMap((name, at) =>
    at % 2 === 0 && names.includes(name.toLowerCase()) ? [name, headers[at + 1] ?? ''] : [],
  )
}

function splitAt(url: string): readonly [string, string] {
  const mark = url.indexOf('?')
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)]
}
