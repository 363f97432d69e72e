import { type Command, InvalidArgumentError } from 'commander'
import {
  type PlatformTarget,
  type PythonTarget,
  parsePlatformTarget,
  parsePythonTarget,
  type Targets,
} from '../../domain/packaging/targets.ts'

export interface TargetOptions {
  readonly python?: readonly PythonTarget[]
  readonly platform?: readonly PlatformTarget[]
}

export function targetsOf({ python = [], platform = [] }: TargetOptions): Targets {
  return { pythons: python, platforms: platform }
}

export function withTargetOptions(command: Command): Command {
  return command
    .option(
      '--python <3.11>',
      'only what this CPython can use; may be given several times',
      (text, before: readonly PythonTarget[] | undefined) =>
        add(parsePythonTarget(text), before, 'a Python such as 3.11, or 3.13t'),
    )
    .option(
      '--platform <tag>',
      'only what this platform can use: linux_x86_64 (any libc), manylinux_2_28_x86_64, musllinux_1_2_aarch64, macosx_14_0_arm64, win_amd64; may be given several times',
      (text, before: readonly PlatformTarget[] | undefined) =>
        add(parsePlatformTarget(text), before, 'a platform such as linux_x86_64 or macosx_14_0_arm64'),
    )
}

function add<Target>(
  target: Target | undefined,
  before: readonly Target[] | undefined,
  what: string,
): readonly Target[] {
  if (target === undefined) throw new InvalidArgumentError(`Not ${what}.`)
  return [...(before ?? []), target]
}
