"""What the two tiny LLaVA models share: the widths of their parts, the picture's size, and the chat template."""

from typing import Any, Final

from transformers import CLIPVisionConfig, LlamaConfig

SIDE: Final = 336  # pixels of one tile
PATCH: Final = 14  # pixels; 24 x 24 patches make 576 image tokens
CROP: Final = {"height": SIDE, "width": SIDE}
EDGE: Final = {"shortest_edge": SIDE}
CHAT: Final = (
    "{% for message in messages %}{{ message['role'] | upper }}: "
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>\n{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %} {% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)


def parts(tokenizer: Any) -> dict[str, Any]:
    """Give the configurations of the language model and of the vision tower, and the tokens that join them."""
    image_token = tokenizer.convert_tokens_to_ids("<image>")
    text = LlamaConfig(
        vocab_size=32064,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=4096,
        rms_norm_eps=1e-5,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    vision = CLIPVisionConfig(
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        image_size=SIDE,
        patch_size=PATCH,
        projection_dim=64,
    )
    return {
        "text_config": text,
        "vision_config": vision,
        "image_token_index": image_token,
        "image_token_id": image_token,
        "vision_feature_layer": -2,
        "vision_feature_select_strategy": "default",
        "pad_token_id": tokenizer.pad_token_id,
        "tie_word_embeddings": False,
    }


def processing(tokenizer: Any) -> dict[str, Any]:
    """Give what both processors are made with, beside the image processor."""
    return {
        "tokenizer": tokenizer,
        "patch_size": PATCH,
        "vision_feature_select_strategy": "default",
        "num_additional_image_tokens": 1,  # the vision tower's class token
        "chat_template": CHAT,
    }
