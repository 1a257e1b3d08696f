"""Makes a fork server dirty on purpose: it computes, so that its thread pool is missing in every child."""

import torch

torch.mm(torch.ones(1024, 1024), torch.ones(1024, 1024))
