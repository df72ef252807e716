import { seeded } from "./seeded.mjs";

/** A source of repeatable choices. */
export class Random {
  private readonly next: () => number;

  constructor(private readonly seed: number) {
    this.next = seeded(seed);
  }

  /**
   * A source of its own for everything with this name. Its draws do not depend on when, or how
   * often, others draw, so a seed repeats its choices although the network never repeats its
   * timing.
   */
  fork(name: string): Random {
    let hash = this.seed;
    for (const character of name) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
    return new Random(hash ^ (hash >>> 15));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number, both ends included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** A whole number of any magnitude up to `max`: as many below 10 as from 10 to 100, and so on. */
  magnitude(max: number): number {
    return Math.floor(Math.exp(this.next() * Math.log(max + 1))) - 1;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.int(0, items.length - 1)]!;
  }

  /** One of the keys, as often as their weights say. */
  weighted<Key extends string>(weights: Readonly<Record<Key, number>>): Key {
    const entries = Object.entries(weights) as [Key, number][];
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) if ((left -= weight) < 0) return key;
    return entries.at(-1)![0];
  }
}
