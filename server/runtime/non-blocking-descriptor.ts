import { constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { isatty } from 'node:tty'
import { hasCode } from './error-code.ts'

const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants

/** Never released: these sockets keep their descriptors non-blocking. */
const adopted: Socket[] = []

/**
 * A descriptor to the same place as standard output (1) or standard error (2) whose writes never wait for a reader:
 * they fail with EAGAIN instead. Where it can, it is opened anew, so that other programs that share the original find
 * it as it was. Throws ENXIO as long as a named pipe has no reader. Files and devices such as /dev/null are returned
 * as they are, because they never block; so is a terminal that cannot be opened.
 */
export function nonBlockingDescriptor(fd: 1 | 2): number {
  const isTerminal = isatty(fd)
  const stat = fstatSync(fd)
  if (isTerminal)
    return (
      reopenNonBlocking(`/proc/self/fd/${fd}`) ??
      (isOurTerminal(stat.rdev) ? reopenNonBlocking('/dev/tty') : undefined) ??
      fd
    )
  if (stat.isFIFO()) return reopenNonBlocking(`/proc/self/fd/${fd}`) ?? setNonBlocking(fd)
  return stat.isSocket() ? setNonBlocking(fd) : fd
}

/** Undefined where the system has no such path, or it belongs to another account. */
function reopenNonBlocking(path: string): number | undefined {
  try {
    return openSync(path, O_WRONLY | O_NONBLOCK | O_NOCTTY)
  } catch (error) {
    if (hasCode(error, 'ENXIO') && path !== '/dev/tty') throw error
    return undefined
  }
}

/**
 * The one that /dev/tty stands for: after `su` the terminal's own file belongs to somebody else, /dev/tty opens all the
 * same.
 */
function isOurTerminal(device: number): boolean {
  try {
    // a program's name may hold blanks and brackets
    const [, fields = ''] = readFileSync('/proc/self/stat', 'utf8').split(/\) (?=[A-Za-z] )/)
    return Number(fields.split(' ')[4]) === device // tty_nr of proc(5)
  } catch {
    return false
  }
}

/** As process.stderr does to a pipe; Node.js puts it back at its end. */
function setNonBlocking(fd: 1 | 2): number {
  try {
    adopted.push(new Socket({ fd, readable: false, writable: true }).unref())
  } catch (error) {
    if (!hasCode(error, 'ERR_INVALID_FD_TYPE', 'EINVAL', 'EEXIST')) throw error
  }
  return fd
}

/** Returns whether both are one pipe, socket or terminal, where writes to one must not overtake writes to the other. */
export function isSameFile(one: number, other: number): boolean {
  const [a, b] = [fstatSync(one), fstatSync(other)]
  return a.dev === b.dev && a.ino === b.ino && !a.isFile()
}
