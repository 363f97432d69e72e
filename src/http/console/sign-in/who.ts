import { emailWord, subWord } from '../../../domain/access/standing.ts'
import type { SignedIn } from '../../../ports/console/issuer.ts'
import type { Person, Role } from '../../../ports/console/sessions.ts'

/** Which groups of the issuer have which role. */
export interface RolesOfGroups {
  /** `undefined`: everybody whom the issuer signs in */
  readonly viewer: readonly string[] | undefined
  readonly approver: readonly string[]
  readonly admin: readonly string[]
}

/** As whom somebody is signed in; `undefined`: the console is not for him. */
export function personOf(signedIn: SignedIn, roles: RolesOfGroups): Person | undefined {
  const { subject, email, claimed, name, groups } = signedIn
  const role = roleOf(new Set(groups), roles)
  if (role === undefined) return undefined
  const also = [subWord(subject), ...(claimed === undefined ? [] : [emailWord(claimed)])]
  return { subject: `user:${email ?? subject}`, email, name, role, also }
}

/** The highest that one of the groups has. */
function roleOf(groups: ReadonlySet<string>, { viewer, approver, admin }: RolesOfGroups): Role | undefined {
  const isIn = (those: readonly string[]): boolean => those.some(group => groups.has(group))
  if (isIn(admin)) return 'admin'
  if (isIn(approver)) return 'approver'
  return viewer === undefined || isIn(viewer) ? 'viewer' : undefined
}

const OWN_PATH = /^\/(?![/\\])[\x21-\x7e]{0,1500}$/

/**
 * Where somebody goes once he is signed in: a path of ours, whatever was asked for. Browsers take `//`, `/\` and what has a tab in it for
 * another host.
 */
export function pathToCome(text: string | null | undefined): string {
  if (text === null || text === undefined || !OWN_PATH.test(text) || text.includes('\\')) return '/'
  return /^\/(?:sign-in|sign-out|callback|link)(?:[/?]|$)/.test(text) ? '/' : text
}
