import { constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { isatty } from 'node:tty'
import { hasCode } from './error-code.ts'

const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants

/** Held for good: they are what keeps their descriptors from waiting. */
const adopted: Socket[] = []

/**
 * A descriptor to the same place as standard output (1) or standard error (2) whose writes never wait for a reader: they fail
 * with EAGAIN instead. Where it can, it is opened anew, so that other programs that share the original find it as it was.
 * Throws ENXIO as long as a named pipe has no reader. Files and devices such as /dev/null are answered as they are, for they
 * do not make anybody wait; so is a terminal that cannot be opened.
 */
export function patientDescriptor(fd: 1 | 2): number {
  const isTerminal = isatty(fd)
  const stat = fstatSync(fd)
  if (isTerminal) return reopened(`/proc/self/fd/${fd}`) ?? (isOurTerminal(stat.rdev) ? reopened('/dev/tty') : undefined) ?? fd
  if (stat.isFIFO()) return reopened(`/proc/self/fd/${fd}`) ?? withoutWaiting(fd)
  return stat.isSocket() ? withoutWaiting(fd) : fd
}

/** Undefined where the system has no such path, or it belongs to another account. */
function reopened(path: string): number | undefined {
  try {
    return openSync(path, O_WRONLY | O_NONBLOCK | O_NOCTTY)
  } catch (error) {
    if (hasCode(error, 'ENXIO') && path !== '/dev/tty') throw error
    return undefined
  }
}

/** The one that /dev/tty stands for: after `su` the terminal's own file belongs to somebody else, /dev/tty opens all the same. */
function isOurTerminal(device: number): boolean {
  try {
    const [, fields = ''] = readFileSync('/proc/self/stat', 'utf8').split(/\) (?=[A-Za-z] )/) // a program's name may hold blanks and brackets
    return Number(fields.split(' ')[4]) === device // tty_nr of proc(5)
  } catch {
    return false
  }
}

/** As process.stderr does to a pipe; Node.js puts it back at its end. */
function withoutWaiting(fd: 1 | 2): number {
  try {
    adopted.push(new Socket({ fd, readable: false, writable: true }).unref())
  } catch (error) {
    if (!hasCode(error, 'ERR_INVALID_FD_TYPE', 'EINVAL', 'EEXIST')) throw error
  }
  return fd
}

/** Whether both are one pipe, socket or terminal: whoever writes to both must not let the one overtake the other. */
export function isSamePlace(one: number, other: number): boolean {
  const [a, b] = [fstatSync(one), fstatSync(other)]
  return a.dev === b.dev && a.ino === b.ino && !a.isFile()
}
