/** Numbers on a command line. */
import { InvalidArgumentError } from "commander";

export const LARGEST_SEED = 2 ** 32 - 2;

export const wholeNumber =
  (low: number, high: number) =>
  (text: string): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`It must be an integer from ${low} to ${high}.`);
  };
