import type { Targets } from '../../domain/packaging/targets.ts'
import type { Aside } from '../../gate/explain/choice.ts'
import { type Screen, styled } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { renderNames } from './unjudged.ts'

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

/** Says how many files were not judged; nothing where none was left. */
export function tellAside(screen: Screen, files: number, targets: Targets): void {
  if (files === 0) return
  screen.prose(
    [styled('dim', '– ')],
    `left aside, not judged: ${counted(files, 'file')}: not for ${textOfTargets(targets)}`,
  )
}

/** Says what was not judged: how many files, and whole releases by name. */
export function renderAside(screen: Screen, aside: readonly Aside[], targets: Targets): void {
  const files = aside.filter(({ filename }) => filename !== undefined)
  tellAside(screen, files.length, targets)
  const releases = aside.filter(({ filename }) => filename === undefined)
  const names = [...new Set(releases.map(({ project, version }) => `${project} ${version}`))]
  if (names.length > 0) renderNames(screen, 'left out, by its marker for none of the targets', names)
}
