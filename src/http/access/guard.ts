import { standingBehindToken } from '../../domain/access/standing.ts'
import { GateError } from '../../domain/base/errors.ts'
import { millis } from '../../domain/base/instant.ts'
import type { Events } from '../../observe/events.ts'
import type { WholeAnswer } from '../exchange/answer.ts'
import { ANONYMOUS, type Client, type Permissions } from '../exchange/client.ts'
import { problemAnswer } from '../exchange/failures.ts'
import type { Entry, Guard, Knock } from '../exchange/guard.ts'
import { turnedAway } from '../exchange/permissions.ts'
import { Attempts } from './attempts.ts'
import { readCredentials } from './credentials.ts'
import { type Bearer, bearerOf, isToken, namedByFront, subjectAt } from './identify.ts'
import { createPlaces, type GuardedIndex, type Place } from './places.ts'

interface Options extends Omit<Parameters<typeof bearerOf>[1], 'knowsWorkloads'> {
  /** never empty */
  readonly indexes: readonly GuardedIndex[]
  /** whether everybody reads the metrics */
  readonly metricsOpen: boolean
  readonly events: Events
  readonly attempts?: Attempts
  /** how somebody is told that he may not enter; default: as a problem document */
  readonly answerOf?: (error: GateError, request: Knock['request']) => WholeAnswer
}

/** Whom somebody was found to be, and where he may go. */
interface Found {
  /** what the gate calls him where no index does */
  readonly known: string
  /** what each index that lets him in by name calls him */
  readonly names: ReadonlyMap<string, string>
  readonly metrics: boolean
  /** who stands behind a token */
  readonly also?: readonly string[]
  readonly holder?: string
}

/**
 * The guard of the configuration. Whoever brings no credentials is nobody in particular, and enters where such are let in. Credentials of
 * ours that are worth nothing are 401 everywhere, whatever else the request has, so that a token that was revoked is not silently nobody's;
 * those that are none of ours (of a front, of a netrc) count as none where nobody has to say who he is. Each index calls by name whom it lets
 * in by name, and knows nobody by what another one calls him.
 */
export function createGuard(options: Options): Guard {
  const { indexes, metricsOpen, events, attempts = new Attempts(), answerOf = problemAnswer } = options
  const placeOf = createPlaces(indexes)
  const open = new Set(indexes.filter(({ access }) => access.anonymous).map(({ name }) => name))
  const allOpen = open.size === indexes.length
  const nobody: Found = { known: ANONYMOUS, names: new Map(), metrics: metricsOpen || allOpen }
  const knowsWorkloads = indexes.some(({ access }) => access.workloads.length > 0)
  const parts = { ...options, knowsWorkloads }
  const fronts = new Set(indexes.map(({ access }) => access.front.header))
  /** of nobody, which is nearly everybody who asks for pages and files */
  const nobodys = new WeakMap<Place, Permissions>()

  function found(
    subjectIn: (index: GuardedIndex) => string | undefined,
    metrics: boolean,
    other?: string,
  ): Found | undefined {
    const names = new Map<string, string>()
    for (const index of indexes) {
      const subject = subjectIn(index)
      if (subject !== undefined) names.set(index.name, subject)
    }
    const known = other ?? names.values().next().value
    return known === undefined ? undefined : { known, names, metrics: metrics || nobody.metrics }
  }

  /** `undefined`: worth nothing here */
  function foundBearer(bearer: Bearer): Found | undefined {
    const metrics = bearer.kind === 'token' && bearer.token.metrics
    // a token in force is somebody, wherever he may go
    const other = bearer.kind === 'token' ? `token:${bearer.token.name}` : undefined
    const who = found(({ name, access }) => subjectAt(bearer, name, access), metrics, other)
    if (who === undefined || bearer.kind !== 'token') return who
    const { holder } = bearer.token
    return { ...who, also: standingBehindToken(bearer.token), ...(holder === undefined ? {} : { holder }) }
  }

  function away({ request }: Knock, error: GateError, known?: string): Entry {
    const turnedAway = answerOf(error, request)
    return known === undefined || known === ANONYMOUS ? { turnedAway } : { turnedAway, known }
  }

  function enter(knock: Knock, place: Place, who: Found): Entry {
    const { address } = knock
    const { known, names } = who
    const subject = place.kind === 'index' ? (names.get(place.index.name) ?? ANONYMOUS) : known
    if (!mayEnter(place, who)) return away(knock, turnedAway(known), known)
    const { also, holder } = who
    const behind = { ...(also === undefined ? {} : { also }), ...(holder === undefined ? {} : { holder }) }
    return { address, subject, may: permissionsAt(place, who), ...behind }
  }

  function permissionsAt(place: Place, who: Found): Permissions {
    const known = who === nobody ? nobodys.get(place) : undefined
    if (known !== undefined) return known
    const { names, metrics } = who
    const may = { indexes: names.size === 0 ? open : open.union(names), metrics, isPrivate: isPrivate(place) }
    if (who === nobody) nobodys.set(place, may)
    return may
  }

  function mayEnter(place: Place, { names, metrics, known }: Found): boolean {
    if (place.kind === 'index') return open.has(place.index.name) || names.has(place.index.name)
    if (place.kind === 'metrics') return metrics
    // what is no index's is for everybody who may use one, and for whoever is known
    return open.size > 0 || known !== ANONYMOUS
  }

  function namedByAFront(knock: Knock): Found | undefined {
    const { headers } = knock.request
    for (const header of fronts)
      if (headers[header] !== undefined) return found(({ access }) => namedByFront(knock, access), false)
    return undefined
  }

  function isPrivate(place: Place): boolean {
    return place.kind === 'index' ? !open.has(place.index.name) : !allOpen
  }

  function entryOf(knock: Knock, place: Place, bearer: Bearer): Entry {
    const who = foundBearer(bearer)
    if (who !== undefined) return enter(knock, place, who)
    if (bearer.kind === 'foreign' && mayEnter(place, nobody)) return enter(knock, place, nobody)
    const wait = attempts.wrong(knock.address)
    if (wait === 0) return away(knock, new GateError('unauthenticated', detailOf(bearer)))
    events.emit({ type: 'limited', limit: 'wrong-credentials', subject: undefined, address: knock.address })
    return away(
      knock,
      new GateError('too-many-attempts', 'credentials from this address were wrong too often', {
        retryAfterMs: millis(wait),
      }),
    )
  }

  return knock => {
    const { request, address, access } = knock
    if (access === 'open') return { address, subject: ANONYMOUS } satisfies Client
    const place = placeOf(request.url ?? '')
    const credentials = readCredentials(request.headers.authorization)
    // a token says who asks by itself: no front makes one that was revoked good again
    const named = isToken(credentials) ? undefined : namedByAFront(knock)
    if (named !== undefined) return enter(knock, place, named)
    if (credentials.kind === 'none') return enter(knock, place, nobody)
    const bearer = bearerOf(credentials, parts)
    return bearer instanceof Promise
      ? bearer.then(known => entryOf(knock, place, known))
      : entryOf(knock, place, bearer)
  }
}

function detailOf(bearer: Bearer): string {
  if (bearer.kind === 'workload') return 'the identity token holds, and is for another workload than this gate lets in'
  const detail = bearer.kind === 'token' ? undefined : bearer.detail
  return detail ?? 'these credentials are none that this gate gives out or knows'
}
