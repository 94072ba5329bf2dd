/** Every feature by its name. */

import { btfFeatures } from "./btf";
import { eventFeatures } from "./events";
import type { Feature } from "./feature";
import { hookFeatures } from "./hooks";
import { helperFeatures, instructionFeatures } from "./instructions";
import { mapFeatures } from "./maps";
import { otherFeatures } from "./others";
import { programFeatures } from "./programs";

export const featureTable = {
  ...btfFeatures,
  ...mapFeatures,
  ...programFeatures,
  ...hookFeatures,
  ...eventFeatures,
  ...instructionFeatures,
  ...helperFeatures,
  ...otherFeatures,
} as const satisfies Record<string, Feature>;

/** A feature's short name: "fentry". */
export type FeatureName = keyof typeof featureTable;

/** The names of all features, in the order in which they are shown. */
export const featureNames = Object.keys(featureTable) as readonly FeatureName[];
