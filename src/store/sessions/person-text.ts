import type { Person, Role } from '../../ports/console/sessions.ts'

/** hexadecimal digits of a hash by which a session is named to people */
export const ID_DIGITS = 16

/** Somebody who is signed in, as a row keeps him. */
export function personText({ subject, email, name, role, also }: Person): string {
  return JSON.stringify({ subject, email, name, role, also })
}

export function readPerson(text: string): Person {
  const { subject, email, name, role, also } = JSON.parse(text) as {
    readonly subject: string
    readonly email?: string
    readonly name?: string
    readonly role: Role
    readonly also?: readonly string[]
  }
  return { subject, email, name, role, ...(also === undefined ? {} : { also }) }
}
