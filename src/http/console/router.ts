import { GateError } from '../../domain/base/errors.ts'
import type { Role } from '../../ports/console/sessions.ts'
import type { Fields } from '../door/body.ts'
import type { Segments } from '../door/router.ts'
import type { Exchange } from '../exchange/exchange.ts'
import type { Html } from '../markup/html.ts'
import type { ConsoleAnswer } from './answer.ts'
import type { Visit } from './visit.ts'

type Awaitable<Value> = Value | Promise<Value>
export type ApiMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * The only way to have something on the console. `path`: `:name` stands for one segment, which comes decoded; of two that fit the one with
 * more words of its own goes first. Whoever has not at least the role `need` never reaches a handler. What a handler throws as a GateError is told,
 * as a page or as a problem document; what else it throws is told to the log alone.
 */
export interface ConsoleRouter {
  /** GET and HEAD. */
  page(path: string, need: Role, show: (visit: Visit) => Awaitable<Html | ConsoleAnswer>): void
  /** POST of a form whose field `csrf` is that of the session; `most`: bytes, default 64 KiB. */
  form(
    path: string,
    need: Role,
    take: (visit: Visit, fields: Fields) => Awaitable<ConsoleAnswer>,
    options?: { readonly most?: number },
  ): void
  /** A call of a program, below `/api/`: 401 in place of a sign-in. A session's own calls that change something name its `csrf` in `X-CSRF-Token`. */
  api(method: ApiMethod, path: string, need: Role, answer: (visit: Visit) => Awaitable<ConsoleAnswer>): void
  /** What is the same for everybody, signed in or not: style sheets and scripts of ours, below `/assets/`. */
  asset(path: string, contentType: string, text: string): void
}

/** Reached without a session: signing in, and what is the same for everybody. */
export interface OpenRoute {
  readonly kind: 'open'
  answer(exchange: Exchange, segments: Segments): Awaitable<ConsoleAnswer>
}

interface PageRoute {
  readonly kind: 'page'
  readonly need: Role
  answer(visit: Visit): Awaitable<Html | ConsoleAnswer>
}

interface FormRoute {
  readonly kind: 'form'
  readonly need: Role
  readonly most: number | undefined
  answer(visit: Visit, fields: Fields): Awaitable<ConsoleAnswer>
}

interface ApiRoute {
  readonly kind: 'api'
  readonly need: Role
  answer(visit: Visit): Awaitable<ConsoleAnswer>
}

export type ConsoleRoute = (OpenRoute | PageRoute | FormRoute | ApiRoute) & {
  readonly method: ApiMethod
  readonly path: string
}

export interface FoundRoute {
  readonly route: ConsoleRoute
  readonly segments: Segments
}

/** Every route of the console. */
export class ConsoleRoutes implements ConsoleRouter {
  readonly #routes: (ConsoleRoute & { readonly words: readonly string[] })[] = []

  get all(): readonly ConsoleRoute[] {
    return this.#routes
  }

  page(path: string, need: Role, show: (visit: Visit) => Awaitable<Html | ConsoleAnswer>): void {
    this.add({ kind: 'page', method: 'GET', path, need, answer: show })
  }

  form(
    path: string,
    need: Role,
    take: (visit: Visit, fields: Fields) => Awaitable<ConsoleAnswer>,
    { most }: { readonly most?: number } = {},
  ): void {
    this.add({ kind: 'form', method: 'POST', path, need, most, answer: take })
  }

  api(method: ApiMethod, path: string, need: Role, answer: (visit: Visit) => Awaitable<ConsoleAnswer>): void {
    if (!path.startsWith('/api/')) throw new TypeError(`${path} is no path of the API`)
    this.add({ kind: 'api', method, path, need, answer })
  }

  asset(path: string, contentType: string, text: string): void {
    if (!path.startsWith('/assets/')) throw new TypeError(`${path} is no path of an asset`)
    const headers = ['Content-Type', contentType, 'Cache-Control', 'private, max-age=3600']
    const body = Buffer.from(text)
    this.add({ kind: 'open', method: 'GET', path, answer: () => ({ status: 200, headers, body }) })
  }

  /** Of our own, for signing in. @throws TypeError for a route that is there already */
  add(route: ConsoleRoute): void {
    const { method, path } = route
    const isThere = this.#routes.some(other => other.method === method && patternOf(other.path) === patternOf(path))
    if (isThere) throw new TypeError(`${method} ${path} is answered twice`)
    this.#routes.push({ ...route, words: path.split('/') })
    this.#routes.sort((one, other) => ownWords(other.words) - ownWords(one.words))
  }

  /** @throws GateError `not-found`, `wrong-method` */
  find(method: string, path: string): FoundRoute {
    const words = path.split('/')
    const allowed = new Set<string>()
    for (const route of this.#routes) {
      const segments = segmentsOf(route.words, words)
      if (segments === undefined) continue
      if (route.method === method || (route.method === 'GET' && method === 'HEAD')) return { route, segments }
      allowed.add(route.method)
      if (route.method === 'GET') allowed.add('HEAD')
    }
    if (allowed.size === 0) throw new GateError('not-found', 'the console has nothing at this path')
    throw new WrongMethod([...allowed].sort())
  }
}

/** Another method than what is answered at a path. */
export class WrongMethod extends GateError {
  readonly allowed: readonly string[]

  constructor(allowed: readonly string[]) {
    super('wrong-method', `this path takes ${allowed.join(', ')}`)
    this.allowed = allowed
  }
}

function segmentsOf(pattern: readonly string[], words: readonly string[]): Segments | undefined {
  if (pattern.length !== words.length) return undefined
  const segments: Record<string, string> = {}
  for (const [at, own] of pattern.entries()) {
    const word = words[at] ?? ''
    if (!own.startsWith(':')) {
      if (own !== word) return undefined
      continue
    }
    const decoded = decode(word)
    if (decoded === undefined || decoded === '') return undefined
    segments[own.slice(1)] = decoded
  }
  return segments
}

/** `undefined`: no text is written so. */
function decode(word: string): string | undefined {
  try {
    return decodeURIComponent(word)
  } catch {
    return undefined
  }
}

function ownWords(words: readonly string[]): number {
  return words.filter(word => !word.startsWith(':')).length
}

function patternOf(path: string): string {
  return path.replace(/:[^/]+/g, ':')
}
