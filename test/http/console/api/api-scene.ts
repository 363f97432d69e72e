import type { Test } from 'tap'
import type { ApiScope } from '../../../../src/domain/access/scope.ts'
import { mintToken, tokenHash } from '../../../../src/domain/access/token.ts'
import { instant } from '../../../../src/domain/base/instant.ts'
import { withTokens } from '../../../../src/store/tokens.ts'
import { startGate, type WorldGate } from '../../../world/gate/gate.ts'
import { createWorld, type Published, type World } from '../../../world/world.ts'

/** A gate with a console in front of a world, and whoever calls its API. */
export interface ApiScene {
  readonly world: World
  readonly gate: WorldGate
  /** of the console */
  readonly url: string
  /** A token in force; without scopes: as one for packages. */
  token(name: string, scopes?: readonly ApiScope[], indexes?: readonly string[]): Promise<string>
  call(path: string, options?: CallOptions): Promise<Called>
  /** what a client of packages gets: the status, and the id of a refusal */
  ask(file: Pick<Published, 'path'>, token?: string): Promise<{ readonly status: number; readonly refusal: string }>
}

export interface CallOptions {
  readonly token?: string
  readonly method?: string
  /** sent as JSON */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Called {
  readonly status: number
  readonly headers: Headers
  /** as it was read from JSON, else `text` */
  readonly body: Answered
}

export interface Answered {
  readonly code?: string
  readonly detail?: string
  readonly items?: readonly Readonly<Record<string, unknown>>[]
  readonly next?: string | null
  readonly id?: string
  readonly token?: string
  readonly text?: string
  readonly paths?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly [more: string]: unknown
}

export interface SceneOptions {
  readonly configuration?: Readonly<Record<string, unknown>>
  readonly policy?: string
  readonly prepare?: (world: World) => Promise<unknown>
}

export async function openApiScene(
  t: Test,
  { configuration = {}, policy, prepare }: SceneOptions = {},
): Promise<ApiScene> {
  const world = await createWorld(t)
  await (prepare ?? (it => it.release('demo', '1.0')))(world)
  const gate = await startGate(t, world, {
    configuration: { console: { listen: '127.0.0.1:0' }, ...configuration },
    ...(policy === undefined ? {} : { policy }),
  })
  const url = gate.app.consoleUrl ?? ''
  return {
    world,
    gate,
    url,
    async token(name, scopes, indexes) {
      const secret = mintToken()
      const hash = tokenHash(secret)
      if (hash === undefined) throw new TypeError('a token that was minted is one')
      const its = scopes === undefined ? {} : { scopes }
      const row = { name, indexes, metrics: false, ...its, created: instant(Date.now()), expires: undefined }
      const by = { actor: 'shell:test', from: 'command line', why: undefined }
      await withTokens(
        gate.config.data,
        () => instant(Date.now()),
        tokens => tokens.create(row, hash, by),
      )
      return secret
    },
    async call(path, { token, method = 'GET', body, headers = {} } = {}) {
      const answer = await fetch(`${url}${path.startsWith('/api') ? '' : '/api/v1'}${path}`, {
        method,
        redirect: 'manual',
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await answer.text()
      const isJson = /json/.test(answer.headers.get('content-type') ?? '')
      return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : { text } }
    },
    async ask({ path }, token) {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
      const answer = await fetch(`${gate.url}${path}`, { headers })
      await answer.arrayBuffer()
      const [, refusal = ''] = /\/x\/([0-9a-z]{12})/.exec(answer.statusText) ?? []
      return { status: answer.status, refusal }
    },
  }
}
