import {
  allowsPython,
  type PlatformTarget,
  type PythonTarget,
  parsePlatformTarget,
  parsePythonTarget,
  type Targets,
} from './targets.ts'

/** A machine, as Node tells of it. */
export interface Machine {
  /** `linux`, `darwin`, `win32` */
  readonly platform: string
  /** `x64`, `arm64` */
  readonly arch: string
  /** `2.36`; `undefined` where there is none */
  readonly glibc: string | undefined
}

const ARCHES: Readonly<Record<string, readonly [linux: string, mac: string, windows: string]>> = {
  x64: ['x86_64', 'x86_64', 'win_amd64'],
  arm64: ['aarch64', 'arm64', 'win_arm64'],
  ia32: ['i686', 'i386', 'win32'],
  ppc64: ['ppc64le', 'ppc64', ''],
  s390x: ['s390x', '', ''],
  riscv64: ['riscv64', '', ''],
  arm: ['armv7l', '', ''],
}

/** Newer than any macOS: what an older one has is taken by a newer one, and which it is Node does not say. */
const NEWEST_MACOS = '99_0'

/** The platform that wheels are taken for on a machine; `undefined` for one that has no name here. */
export function platformOfMachine({ platform, arch, glibc }: Machine): PlatformTarget | undefined {
  const [linux = '', mac = '', windows = ''] = ARCHES[arch] ?? []
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})/.exec(glibc ?? '') ?? []
  if (platform === 'linux')
    return parsePlatformTarget(minor === undefined ? `linux_${linux}` : `manylinux_${major}_${minor}_${linux}`)
  if (platform === 'darwin') return parsePlatformTarget(`macosx_${NEWEST_MACOS}_${mac}`)
  return platform === 'win32' ? parsePlatformTarget(windows) : undefined
}

/** From the first CPython that anything is about to one that will not be for years. */
const MINORS = { first: 6, last: 30 }

/** Every CPython that a `requires-python` lets in; an empty list, which stands for all, where nothing is said or nothing fits. */
export function pythonsAllowed(requiresPython: string | undefined): readonly PythonTarget[] {
  if (requiresPython === undefined) return []
  const minors = Array.from({ length: MINORS.last - MINORS.first + 1 }, (_, index) => MINORS.first + index)
  const pythons = minors.flatMap(minor => parsePythonTarget(`3.${minor}`) ?? [])
  const allowed = pythons.filter(python => allowsPython(requiresPython, { pythons: [python], platforms: [] }))
  return allowed.length === pythons.length ? [] : allowed
}

/** Whom a lock with this `requires-python` is installed for on a machine. */
export function targetsOfMachine(machine: Machine, requiresPython: string | undefined): Targets {
  const platform = platformOfMachine(machine)
  return { pythons: pythonsAllowed(requiresPython), platforms: platform === undefined ? [] : [platform] }
}
