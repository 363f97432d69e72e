import type { LimitName } from '../domain/base/limits.ts'

/** Everything worth saying, once. Logs, metrics and alarms are readers of it. */
export type GateEvent =
  | {
      readonly type: 'verdict'
      readonly outcome: 'admitted' | 'refused'
      readonly code: string
      readonly project: string
      readonly filename: string
      readonly sha256: string | undefined
      readonly rule: string | undefined
      readonly identity: string | undefined
      readonly client: string
      /** who it was: `token:ci`, `anonymous` */
      readonly subject?: string | undefined
      /** what the configuration calls the index */
      readonly index?: string | undefined
      readonly ms: number
      readonly explain: string | undefined
      /** in `audit` mode, the code that it would have been refused for */
      readonly wouldRefuse: string | undefined
      /** of a refusal: a name that another source owns, and that the project's could be taken for */
      readonly lookalike?: string | undefined
    }
  | {
      readonly type: 'unknown'
      readonly code: string
      readonly detail: string
      readonly route: string
      /** what the configuration calls the index that was asked; empty or absent for what is no index's */
      readonly index?: string | undefined
      readonly untrusted: unknown
      readonly cause: unknown
      readonly id: string
    }
  | {
      /** somebody was answered 503 or cut off, so that the others are served */
      readonly type: 'limited'
      readonly limit: LimitName
      /** whom the guard recognised; `undefined` before it was asked */
      readonly subject: string | undefined
      readonly address: string | undefined
    }
  | {
      readonly type: 'request'
      readonly method: string
      readonly route: string
      /** as of `unknown` */
      readonly index?: string | undefined
      readonly url: string
      readonly status: number
      readonly ms: number
      readonly bytes: number
      /** bytes that the front was told to send in our place; 0 where it was told nothing */
      readonly accel: number
      readonly client: string
      /** who it was: `token:ci`, `anonymous` */
      readonly subject?: string | undefined
    }
  | {
      readonly type: 'alarm'
      readonly alarm:
        | 'digest-changed'
        | 'serial-backwards'
        | 'integrity-mismatch'
        | 'metadata-mismatch'
        | 'publisher-object-mismatch'
        | 'blob-corrupt'
        | 'database-set-aside'
        | 'clock-behind'
        | 'gates-apart'
      readonly detail: string
      readonly untrusted: unknown
    }
  | {
      readonly type: 'upstream'
      readonly what: 'page' | 'legacy' | 'provenance' | 'file' | 'metadata' | 'root-list' | 'identity-keys' | 'sign-in'
      readonly status: number | 'failed'
      readonly ms: number
    }
  | {
      readonly type: 'verification'
      readonly outcome: 'attested' | 'invalid' | 'unknown'
      readonly ms: number
      readonly queued: number
    }
  | { readonly type: 'index-warning'; readonly project: string; readonly detail: string; readonly untrusted: unknown }
  | {
      /** a person let go of something that was remembered, and whoever works with it has taken notice */
      readonly type: 'forgotten'
      readonly what: string
      /** `undefined`: of no project */
      readonly project: string | undefined
      /** `undefined`: of all files */
      readonly filename: string | undefined
      readonly reason: string
    }
  | { readonly type: 'no-pep740-upstream'; readonly detail: string }
  | {
      readonly type: 'policy'
      readonly action: 'loaded' | 'reloaded' | 'rejected'
      readonly digest: string
      /** the digest that was in force before; `undefined` at the start */
      readonly before: string | undefined
      readonly files: readonly string[]
      readonly diagnostics: readonly string[]
    }
  | { readonly type: 'policy-warning'; readonly detail: string }
  | { readonly type: 'config-warning'; readonly detail: string }
  | {
      readonly type: 'trust'
      readonly action: 'loaded' | 'refreshed' | 'failed' | 'stale'
      readonly digest: string | undefined
      readonly detail: string
    }
  | {
      readonly type: 'blob'
      /** `uploaded` to the bucket, `fetched` from there */
      readonly action: 'stored' | 'evicted' | 'lost' | 'uploaded' | 'fetched'
      readonly bytes: number
      readonly total: number
    }
  | {
      /** what became of something that somebody was to be told by a webhook */
      readonly type: 'notice'
      /** `sent`; `failed`: to be tried again; `dead`: given up; `dropped`: there was no room; `stopped`: the receiver wants no more */
      readonly action: 'sent' | 'failed' | 'dead' | 'dropped' | 'stopped'
      /** of the hook: its address holds secrets */
      readonly host: string
      /** `undefined` of `stopped` */
      readonly notice: string | undefined
      readonly detail: string
    }
  | {
      /** entries of the journal went before their time, because there are more than it may hold */
      readonly type: 'journal-dropped'
      /** verdicts, each as often as it was given out */
      readonly verdicts: number
      /** the latest of them; ms since 1970 */
      readonly until: number
    }
  | {
      readonly type: 'lifecycle'
      readonly action: 'starting' | 'listening' | 'reached' | 'certificate' | 'draining' | 'stopped'
      readonly detail: string
    }

export interface Events {
  emit(event: GateEvent): void
}
