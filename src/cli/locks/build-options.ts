import type { Command } from 'commander'
import { type BuildConstraint, renderConstraints } from '../../gate/builds/constraints.ts'
import { writeWhole } from '../terminal/write-whole.ts'

export interface BuildOptions {
  readonly buildDeps?: boolean
  readonly buildConstraints?: string
}

export function withBuildOptions(command: Command): Command {
  return command
    .option('--no-build-deps', 'leave out what source distributions need to be built')
    .option(
      '--build-constraints <file>',
      'write the releases that builds were given as constraints for pip and uv; what is there is replaced',
    )
}

/** For the help of such commands. */
export const BUILDS = `A source distribution is built where no wheel of its release fits the named
targets, where a requirements file says --no-binary, or, where no target is
named, where the locks have no wheel of the release at all. What it requires
then ([build-system] of its pyproject.toml; else setuptools and wheel) is looked
for as installers do: the newest admitted release with a wheel, and what that
requires. What a backend asks for only when it runs cannot be known.`

export function writeConstraints(constraints: readonly BuildConstraint[], { buildConstraints }: BuildOptions): void {
  if (buildConstraints !== undefined) writeWhole(buildConstraints, renderConstraints(constraints), { over: true })
}
