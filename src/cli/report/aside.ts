import type { Targets } from '../../domain/packaging/targets.ts'
import type { Aside } from '../../gate/explain/choice.ts'
import { type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'

/** `Python 3.11 or 3.12, linux_x86_64`; nothing where nobody is named. */
export function textOfTargets({ pythons, platforms }: Targets): string {
  const python = pythons.length === 0 ? [] : [`Python ${pythons.map(({ text }) => text).join(' or ')}`]
  const platform = platforms.length === 0 ? [] : [platforms.map(({ text }) => text).join(' or ')]
  return [...python, ...platform].join(', ')
}

/** What was left aside, in a sentence without an end; nothing where nothing was. */
export function textOfAside(aside: readonly Aside[], targets: Targets): string | undefined {
  if (aside.length === 0) return undefined
  const releases = aside.filter(({ filename }) => filename === undefined).length
  const files = aside.length - releases
  const told = [
    ...(files === 0 ? [] : [counted(files, 'file')]),
    ...(releases === 0 ? [] : [counted(releases, 'whole release')]),
  ]
  return `${told.join(' and ')}: not for ${textOfTargets(targets)}`
}

/** Says what was not judged. */
export function renderAside(screen: Screen, aside: readonly Aside[], targets: Targets): void {
  const text = textOfAside(aside, targets)
  if (text !== undefined) screen.prose([styled('dim', '– ')], `left aside, not judged: ${text}`)
}
