import type { TokenRecord } from '../../domain/access/token.ts'
import { formatInstant, type Instant } from '../../domain/base/instant.ts'
import type { AuditAction, AuditEntry, Doer } from '../../ports/console/audit-log.ts'

function entryOf(
  { actor, from, why, detail = {} }: Doer,
  done: { readonly at: Instant; readonly action: AuditAction; readonly target: string },
  more: Readonly<Record<string, string | undefined>> = {},
): AuditEntry {
  const known = Object.entries({ ...detail, ...more }).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  )
  return { ...done, actor, from, why, detail: Object.fromEntries(known) }
}

/** The name of the token, and what it is good for; nothing that it could be used with. */
export function tokenCreated(
  { name, indexes, metrics, scopes = [], holder, created, expires }: Omit<TokenRecord, 'revoked'>,
  by: Doer,
) {
  return entryOf(
    by,
    { at: created, action: 'token-created', target: name },
    {
      indexes: indexes?.join(' '),
      scopes: [...(metrics ? ['metrics'] : []), ...scopes].join(' ') || undefined,
      holder,
      expires: expires === undefined ? undefined : formatInstant(expires),
    },
  )
}

export function tokenRevoked(name: string, at: Instant, by: Doer): AuditEntry {
  return entryOf(by, { at, action: 'token-revoked', target: name })
}

interface LetGoOf {
  readonly what: string
  readonly of: { readonly source: string; readonly project: string } | undefined
  readonly filename: string | undefined
}

/** What was let go of: of a project, or of a file of it, as one source has it. */
export function forgotten({ what, of, filename }: LetGoOf, at: Instant, by: Doer): AuditEntry {
  return entryOf(
    by,
    { at, action: 'forgotten', target: of?.project ?? what },
    { what, file: filename, source: of?.source },
  )
}

interface Decided {
  readonly index: string
  readonly project: string
  readonly source: string
}

/** Whose a name is from now on. */
export function sourceDecided({ index, project, source }: Decided, at: Instant, by: Doer): AuditEntry {
  return entryOf(by, { at, action: 'change-approved', target: project }, { index, source })
}
