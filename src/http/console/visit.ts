import type { Person } from '../../ports/console/sessions.ts'
import type { Segments } from '../door/router.ts'
import type { Exchange } from '../exchange/exchange.ts'

/** Somebody who is signed in, or a program with a token of his, asks for something. */
export interface Visit {
  readonly person: Person
  /** what forms of this session carry as `csrf`; empty for a program, which needs none */
  readonly csrf: string
  /** the path, without its query */
  readonly path: string
  /** decoded: they may hold anything */
  readonly segments: Segments
  readonly query: URLSearchParams
  readonly address: string
  /** of the console as it was asked, such as `https://console.acme.example` */
  readonly origin: string
  readonly exchange: Exchange
  /** By its name in lower case; Node joins what comes twice. */
  header(name: string): string | undefined
  /** Throws `body-too-large`; default: 64 KiB. */
  body(most?: number): Promise<Buffer>
}
