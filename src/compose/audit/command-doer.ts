import { userInfo } from 'node:os'
import type { Environment } from '../../config/read-environment.ts'
import type { Doer } from '../../ports/console/audit-log.ts'

/** Whoever runs a command, as far as the system says: the user, and who became it by sudo. */
export function commandDoer(environment: Environment, why: string | undefined): Doer {
  const { SUDO_USER: sudo } = environment
  return {
    actor: `shell:${userName()}`,
    from: 'command line',
    why,
    detail: sudo === undefined || sudo === '' ? {} : { sudo_user: sudo },
  }
}

/** Who stands behind what such a command gives out. */
export function behindDoer({ actor, detail = {} }: Doer): readonly string[] {
  const { sudo_user: sudo } = detail
  return [actor, ...(sudo === undefined ? [] : [`shell:${sudo}`])]
}

/** A container's user may have no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
